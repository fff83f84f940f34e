import { randomUUID } from 'node:crypto';
import { type Kind, resourceNameOf } from './kinds.js';
import { GivenObject, keyOf, type KubernetesObject, type StoredObject } from './object.js';

/** One change, as watches see it. */
export interface StoredEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly version: number;
  /** The object after the change; a deleted one as it was last, at the version of its deletion. */
  readonly object: StoredObject;
  readonly previous: StoredObject | undefined;
}

export type StoreListener = (kind: Kind, event: StoredEvent) => void;

interface Shelf {
  readonly objects: Map<string, StoredObject>;
  readonly history: StoredEvent[];
  /** All objects in the order of their keys; undefined after a change. */
  sorted: readonly StoredObject[] | undefined;
  readonly snapshots: Map<number, readonly StoredObject[]>;
  /** Versions below are forgotten. */
  oldest: number;
}

const FIRST_VERSION = 1_000;
const SNAPSHOTS_KEPT = 8;

/** The storage: objects by kind, with one version that grows with every change, and the history of changes. */
export class ObjectStore {
  private readonly shelves = new Map<string, Shelf>();
  private readonly listeners = new Set<StoreListener>();
  private latest = FIRST_VERSION;
  private compacted = 0;

  /** @param historyLimit events kept of a kind; older ones are forgotten as if compacted */
  constructor(private readonly historyLimit: number) {}

  /** The version of the last change. */
  get version(): number {
    return this.latest;
  }

  /** The oldest version that a watch or an exact listing may still start from. */
  oldestVersion(kind: Kind): number {
    return Math.max(this.compacted, this.shelf(kind).oldest);
  }

  subscribe(listener: StoreListener): void {
    this.listeners.add(listener);
  }

  get(kind: Kind, namespace: string | undefined, name: string): StoredObject | undefined {
    return this.shelf(kind).objects.get(keyOf(namespace, name));
  }

  size(kind: Kind): number {
    return this.shelf(kind).objects.size;
  }

  /** Creates or replaces; one with another UID than the object in its place is deleted and created. */
  apply(kind: Kind, given: KubernetesObject): void {
    const metadata = { ...given.metadata };
    if (kind.namespaced) metadata.namespace ??= 'default';
    else delete metadata.namespace;
    const existing = this.get(kind, metadata.namespace, metadata.name);
    metadata.uid ??= existing?.uid ?? randomUUID();
    metadata.creationTimestamp ??= timestamp();
    this.put(kind, new GivenObject(structuredClone({ ...given, metadata }), 0));
  }

  /** Writes an object at the next version, whatever version it says. */
  put(kind: Kind, object: StoredObject): void {
    const shelf = this.shelf(kind);
    const previous = shelf.objects.get(object.key);
    if (previous !== undefined && previous.uid !== object.uid) {
      this.delete(kind, previous.namespace, previous.name);
      this.put(kind, object);
      return;
    }
    const version = ++this.latest;
    const stored = object.at(version);
    shelf.objects.set(stored.key, stored);
    this.record(kind, shelf, { type: previous ? 'MODIFIED' : 'ADDED', version, object: stored, previous });
  }

  /** Whether there was such an object. */
  delete(kind: Kind, namespace: string | undefined, name: string): boolean {
    const shelf = this.shelf(kind);
    const previous = shelf.objects.get(keyOf(namespace, name));
    if (previous === undefined) return false;
    shelf.objects.delete(previous.key);
    const version = ++this.latest;
    this.record(kind, shelf, { type: 'DELETED', version, object: previous.at(version), previous });
    return true;
  }

  /** Forgets the history: watches and exact listings from versions before now are too old. */
  compact(): void {
    this.latest += 1;
    this.compacted = this.latest;
    for (const shelf of this.shelves.values()) {
      shelf.history.length = 0;
      shelf.snapshots.clear();
    }
  }

  /** The changes after `version`, oldest first. The version must not be older than {@link oldestVersion}. */
  changesAfter(kind: Kind, version: number): readonly StoredEvent[] {
    const { history } = this.shelf(kind);
    return history.slice(firstIndex(history.length, (index) => history[index]!.version > version));
  }

  /** All objects at `version` in the order of their keys; undefined when that version is forgotten. */
  snapshot(kind: Kind, version: number): readonly StoredObject[] | undefined {
    const shelf = this.shelf(kind);
    if (version < this.oldestVersion(kind)) return undefined;
    const kept = shelf.snapshots.get(version) ?? this.rebuild(kind, shelf, version);
    shelf.snapshots.delete(version);
    shelf.snapshots.set(version, kept);
    if (shelf.snapshots.size > SNAPSHOTS_KEPT) shelf.snapshots.delete(shelf.snapshots.keys().next().value!);
    return kept;
  }

  private rebuild(kind: Kind, shelf: Shelf, version: number): readonly StoredObject[] {
    const changes = this.changesAfter(kind, version);
    if (changes.length === 0) return (shelf.sorted ??= sortByKey(shelf.objects.values()));
    const objects = new Map(shelf.objects);
    for (const change of changes.toReversed()) {
      if (change.previous === undefined) objects.delete(change.object.key);
      else objects.set(change.object.key, change.previous);
    }
    return sortByKey(objects.values());
  }

  private record(kind: Kind, shelf: Shelf, event: StoredEvent): void {
    shelf.sorted = undefined;
    shelf.history.push(event);
    if (shelf.history.length > this.historyLimit * 1.25) {
      const [last] = shelf.history.splice(0, shelf.history.length - this.historyLimit).slice(-1);
      shelf.oldest = last!.version;
    }
    for (const listener of this.listeners) listener(kind, event);
  }

  private shelf(kind: Kind): Shelf {
    const name = resourceNameOf(kind);
    let shelf = this.shelves.get(name);
    if (shelf === undefined) {
      shelf = { objects: new Map(), history: [], sorted: undefined, snapshots: new Map(), oldest: 0 };
      this.shelves.set(name, shelf);
    }
    return shelf;
  }
}

/** The first index below `length` for which `holds`, which holds for all after it too; `length` when there is none. */
export function firstIndex(length: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Times as the API writes them: whole seconds. */
export function timestamp(time = Date.now()): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, 'Z');
}

function sortByKey(objects: Iterable<StoredObject>): readonly StoredObject[] {
  return [...objects].sort((left, right) => (left.key < right.key ? -1 : left.key > right.key ? 1 : 0));
}
