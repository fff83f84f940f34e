import type { ObjectMeta } from '../../core/kubernetes/objects.js';
import type { PendingOwner } from '../../core/kubernetes/owner-chain.js';
import { readMeta } from '../../core/kubernetes/read-objects.js';
import type { ListPage } from '../client/kubernetes-api.js';
import { isForbidden, isGone, isNotFound, KubernetesError } from '../client/kubernetes-error.js';
import type { OwnerDiscovery, OwnerResource } from './owner-discovery.js';
import type { OwnerKind, OwnerKinds } from './owner-kinds.js';
import type { OwnerSource } from './owner-source.js';
import type { RequestSlots } from './request-slots.js';

/** More missing objects of a kind than this are looked for in a list of all. */
export const LIST_ABOVE = 100;
/** After so many failures that may concern single objects only, the kind is left alone for a while. */
const MAX_FAILURES = 3;
/** How the API server begins its message when it has no such kind. */
const UNKNOWN_RESOURCE = 'the server could not find the requested resource';
const METHOD_NOT_ALLOWED = 405;
const OVERLOADED = [0, 408, 429, 502, 503, 504];

export interface OwnerReaderOptions {
  readonly source: OwnerSource;
  readonly discovery: OwnerDiscovery;
  readonly kinds: OwnerKinds;
  readonly slots: RequestSlots;
  /** Requests for one kind at once: a kind that hangs leaves slots to the others. */
  readonly requestsPerKind: number;
  readonly pageSize: number;
  readonly platformLabels: readonly string[];
}

/** Told of each owner that was asked for: its metadata, or null when it does not exist. */
export type OnOwnerRead = (owner: PendingOwner, meta: ObjectMeta | null) => void;

/** The wanted owners of one kind, those that are one object together. */
interface Wanted {
  readonly kind: OwnerKind;
  readonly resource: OwnerResource;
  readonly objects: Map<string, PendingOwner[]>;
  readonly onRead: OnOwnerRead;
  readonly signal: AbortSignal;
}

/** Reads the metadata of owners of one kind from the API server, and keeps the state of the kind. */
export class OwnerReader {
  constructor(private readonly options: OwnerReaderOptions) {}

  /** Never rejects. What is not told to `onRead` could not be read for now; the state of the kind says why. */
  async read(
    kind: OwnerKind,
    owners: readonly PendingOwner[],
    onRead: OnOwnerRead,
    signal: AbortSignal,
  ): Promise<void> {
    const sample = owners[0];
    if (sample === undefined) return;
    const { kinds } = this.options;
    try {
      const resource = await this.resourceOf(sample, signal);
      if (resource === undefined) {
        kinds.unknown(kind, sample);
        return;
      }
      const wanted = { kind, resource, objects: objectsOf(owners, resource), onRead, signal };
      settleImpossible(wanted);
      if (wanted.objects.size > LIST_ABOVE && kinds.mayList(kind)) await this.list(wanted);
      await this.getEach(wanted);
      if (!signal.aborted) kinds.answered(kind);
    } catch (error) {
      if (!signal.aborted) this.failed(kind, error, sample);
    }
  }

  private failed(kind: OwnerKind, error: unknown, sample: PendingOwner): void {
    const { kinds, discovery } = this.options;
    const failedOwner = error instanceof OwnerNotRead ? error.owner : sample;
    const cause = error instanceof OwnerNotRead ? error.cause : error;
    if (!isNotFound(cause)) {
      kinds.failed(kind, cause, failedOwner);
      return;
    }
    // Not the object but its whole kind is missing.
    discovery.forget(sample.ref);
    kinds.unknown(kind, failedOwner);
  }

  private async resourceOf({ ref }: PendingOwner, signal: AbortSignal): Promise<OwnerResource | undefined> {
    const { discovery, slots } = this.options;
    return discovery.known(ref) ?? slots.run(async () => discovery.resourceOf(ref, signal));
  }

  /** Takes the wanted objects out of a list of all; those that are not in it do not exist. */
  private async list(wanted: Wanted): Promise<void> {
    const { objects, onRead, signal } = wanted;
    let continueFrom: string | undefined;
    let pages = 0;
    do {
      const page = await this.page(wanted, continueFrom);
      if (page === undefined) return;
      for (const item of page.items) this.take(wanted, item);
      continueFrom = page.continue;
      pages += 1;
      // In a long list of others, what is missing is cheaper one by one.
      if (continueFrom !== undefined && pages >= objects.size) return;
    } while (continueFrom !== undefined && !signal.aborted);
    if (signal.aborted) return;
    for (const owners of objects.values()) for (const owner of owners) onRead(owner, null);
    objects.clear();
  }

  /** Undefined when the kind is not to be had by list, or no longer. */
  private async page(
    { kind, resource, signal }: Wanted,
    continueFrom: string | undefined,
  ): Promise<ListPage | undefined> {
    const { source, slots, kinds, pageSize } = this.options;
    const namespace = resource.namespaced ? kind.scope : '';
    const request = { namespace, limit: pageSize, continue: continueFrom, metadataOnly: true, signal };
    try {
      return await slots.run(async () => source.list(resource, request));
    } catch (error) {
      const isRefused = isForbidden(error) || (error instanceof KubernetesError && error.status === METHOD_NOT_ALLOWED);
      if (isRefused) kinds.listRefused(kind);
      if (isRefused || isGone(error)) return undefined;
      throw error;
    }
  }

  private take({ resource, objects, onRead }: Wanted, item: unknown): void {
    const meta = readMeta(item, this.options.platformLabels);
    if (meta === undefined) return;
    const key = objectKey(resource.namespaced ? meta.namespace : '', meta.name, meta.uid);
    for (const owner of objects.get(key) ?? []) onRead(owner, meta);
    objects.delete(key);
  }

  private async getEach(wanted: Wanted): Promise<void> {
    const { kind, objects, signal } = wanted;
    const queue = rotated([...objects.values()], kind.failures * MAX_FAILURES);
    const failures: OwnerNotRead[] = [];
    let next = 0;
    const work = async (): Promise<void> => {
      while (!signal.aborted && failures.length < MAX_FAILURES && !failures.some(concernsKind)) {
        const owners = queue[next++];
        if (owners === undefined) return;
        await this.get(wanted, owners).catch((error: unknown) => failures.push(error as OwnerNotRead));
      }
    };
    const workers = Math.min(this.options.requestsPerKind, queue.length);
    await Promise.all(Array.from({ length: workers }, work));
    const failure = failures.find(concernsKind) ?? failures[0];
    if (failure !== undefined) throw failure;
  }

  /** @throws OwnerNotRead */
  private async get({ resource, onRead, signal }: Wanted, owners: readonly PendingOwner[]): Promise<void> {
    const { source, slots, platformLabels } = this.options;
    const owner = owners[0];
    if (owner === undefined) return;
    const { ref } = owner;
    const namespace = resource.namespaced ? owner.namespace : '';
    try {
      const raw = await slots.run(async () => source.getMetadata(resource, namespace, ref.name, signal));
      const meta = readMeta(raw, platformLabels);
      // Another object has the name now.
      for (const each of owners) onRead(each, meta?.uid === ref.uid ? meta : null);
    } catch (error) {
      if (!isObjectMissing(error)) throw new OwnerNotRead(owner, error);
      for (const each of owners) onRead(each, null);
    }
  }
}

class OwnerNotRead extends Error {
  constructor(
    readonly owner: PendingOwner,
    cause: unknown,
  ) {
    super('an owner could not be read', { cause });
  }
}

/** Whether the other objects of the kind need not be tried. */
function concernsKind({ cause }: OwnerNotRead): boolean {
  if (!(cause instanceof KubernetesError)) return false;
  return isForbidden(cause) || isNotFound(cause) || cause.retryAfter !== undefined || OVERLOADED.includes(cause.status);
}

/** A path that is not served is answered with 404 too, in plain text or in a status that names no object. */
function isObjectMissing(error: unknown): boolean {
  if (!(error instanceof KubernetesError) || error.status !== 404) return false;
  return error.reason === 'NotFound' && !error.message.startsWith(UNKNOWN_RESOURCE);
}

function objectsOf(owners: readonly PendingOwner[], { namespaced }: OwnerResource): Map<string, PendingOwner[]> {
  const objects = new Map<string, PendingOwner[]>();
  for (const owner of owners) {
    const { name, uid } = owner.ref;
    const key = objectKey(namespaced ? owner.namespace : '', name, uid);
    const same = objects.get(key);
    if (same === undefined) objects.set(key, [owner]);
    else same.push(owner);
  }
  return objects;
}

/** A cluster-scoped object cannot be owned by one of a namespace: there is nowhere to look. */
function settleImpossible({ resource, objects, onRead }: Wanted): void {
  if (!resource.namespaced) return;
  for (const [key, owners] of objects) {
    if (owners[0]?.namespace !== '') continue;
    for (const owner of owners) onRead(owner, null);
    objects.delete(key);
  }
}

function objectKey(namespace: string, name: string, uid: string): string {
  return `${namespace}/${name}/${uid}`;
}

/** Begins elsewhere each time, so that objects that fail forever do not stand in the way of the others. */
function rotated<T>(items: readonly T[], by: number): T[] {
  const start = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
