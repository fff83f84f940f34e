import type { LoggerService } from '@nestjs/common';
import type { Clock } from '../../../common/clock.js';
import { nextOwner } from '../../core/kubernetes/next-owner.js';
import type { ObjectMeta, OwnerReference } from '../../core/kubernetes/objects.js';
import { apiGroupOf, type OwnerLookup, type PendingOwner, qualifiedKind } from '../../core/kubernetes/owner-chain.js';
import { MAX_OWNERS } from '../../core/kubernetes/resolve-owners.js';
import { HeldOwners } from './held-owners.js';
import { kindStatuses } from './kind-statuses.js';
import { OwnerDiscovery } from './owner-discovery.js';
import { isUnreadable, type OwnerKind, OwnerKinds, type OwnerKindStatus } from './owner-kinds.js';
import { OwnerReader, type OnOwnerRead } from './owner-reader.js';
import type { OwnerSource } from './owner-source.js';
import { RequestSlots } from './request-slots.js';

export interface OwnerCacheOptions {
  readonly source: OwnerSource;
  readonly clock: Clock;
  readonly logger: Pick<LoggerService, 'log' | 'warn'>;
  /** A pod that the watch knows: pods can be owners of pods. */
  readonly podByUid: (uid: string) => ObjectMeta | undefined;
  readonly platformLabels: readonly string[];
  /** Requests that may be under way at once. */
  readonly requests: number;
  readonly pageSize: number;
  /** ms after which a kind that could not be read is asked for again. */
  readonly retryInterval: number;
  /** Whether only some namespaces are watched: rights are then taken to be given by namespace. */
  readonly isScoped: boolean;
  /** A kind that could not be read can be again: pods with owners of it need to be resolved anew. */
  readonly onReadable?: (kind: string) => void;
  /** These owners, pending until now, were read, or their kind turned out to be unreadable. Each kind on its own. */
  readonly onFetched?: (uids: readonly string[]) => void;
  /** The labels or owners of these have changed since they were read. */
  readonly onChanged?: (uids: readonly string[]) => void;
}

/**
 * The metadata of the owners that pods refer to, directly or over other owners. Looking up never waits: what is missing is read by
 * `fetch`. Held are only owners that were asked for, never all objects of a kind; they stay after their deletion for as long as
 * pods refer to them. References are believed in all their parts only: one with a wrong kind, namespace or name leads nowhere
 * and does not spoil what others that name the same UID find.
 */
export class OwnerCache {
  private readonly owners = new HeldOwners();
  private readonly fetching = new Map<string, Promise<void>>();
  private readonly kindStates: OwnerKinds;
  private readonly discovery: OwnerDiscovery;
  private readonly reader: OwnerReader;
  private sweeps = 0;

  constructor(private readonly options: OwnerCacheOptions) {
    const { source, requests, pageSize, platformLabels } = options;
    this.kindStates = new OwnerKinds({ ...options, onReadable: (kind) => options.onReadable?.(kind) });
    this.discovery = new OwnerDiscovery(source);
    this.reader = new OwnerReader({
      ...{ source, pageSize, platformLabels },
      ...{ discovery: this.discovery, kinds: this.kindStates, slots: new RequestSlots(requests) },
      requestsPerKind: Math.max(1, Math.ceil(requests / 2)),
    });
  }

  /** What is known of an owner. `namespace` is the one of the object that refers to it. */
  lookUp(ref: OwnerReference, namespace: string): OwnerLookup {
    const owner = { ref, namespace };
    const pod = this.watchedPod(owner);
    if (pod !== undefined) return { state: 'found', meta: pod };
    const held = this.owners.get(owner);
    if (held !== undefined) {
      held.usedAt = this.options.clock.now();
      return held.meta === null ? this.without('gone', ref) : { state: 'found', meta: held.meta };
    }
    return isUnreadable(this.kindStates.of(owner)) ? this.without('unreadable', ref) : { state: 'pending' };
  }

  /**
   * Reads what is missing. Resolves when everything was tried, and never rejects; `onFetched` tells of each kind as soon as it is
   * done. Owners of kinds that fail stay pending: `nextAttemptAt` says when to come again.
   * What an aborted signal leaves unread stays pending as well.
   */
  async fetch(pending: readonly PendingOwner[], signal: AbortSignal): Promise<void> {
    const underWay = new Set<Promise<void>>();
    const missing = new Map<OwnerKind, Map<string, PendingOwner>>();
    for (const owner of pending) {
      const key = keyOf(owner);
      const running = this.fetching.get(key);
      if (running !== undefined) underWay.add(running);
      else if (this.owners.get(owner) === undefined) addTo(missing, this.kindStates.of(owner), key, owner);
    }
    for (const [kind, owners] of missing) {
      if (this.kindStates.isAskable(kind)) underWay.add(this.fetchKind(kind, owners, signal));
    }
    await Promise.all(underWay);
  }

  /** Tries the kinds that could not be read and are due, with one request each. Never rejects. */
  async retryDue(signal: AbortSignal): Promise<void> {
    const due = this.kindStates.due();
    await Promise.all(due.map(async ({ kind, sample }) => this.reader.read(kind, [sample], this.hold, signal)));
  }

  /** Reads all held owners again, as some may have been adopted by others. Deleted ones stay as they were. Never rejects. */
  async refresh(signal: AbortSignal): Promise<void> {
    const held = new Map<OwnerKind, PendingOwner[]>();
    for (const owner of this.owners.values()) {
      if (owner.meta === null || !this.kindStates.isAskable(owner.kind)) continue;
      const same = held.get(owner.kind);
      if (same === undefined) held.set(owner.kind, [owner]);
      else same.push(owner);
    }
    const changed: string[] = [];
    const onRead: OnOwnerRead = (owner, meta) => {
      const before = this.owners.get(owner);
      if (before === undefined || meta === null || isSameMeta(before.meta, meta)) return;
      before.meta = meta;
      changed.push(meta.uid);
    };
    await Promise.all([...held].map(async ([kind, owners]) => this.reader.read(kind, owners, onRead, signal)));
    if (changed.length > 0) this.options.onChanged?.(changed);
  }

  /** Drops owners that none of these pods leads to and that nobody has looked up since, and kinds that are not needed any more. */
  retain(pods: Iterable<ObjectMeta>, unusedSince: number): void {
    for (const kind of this.kindStates.all()) kind.isUsed = false;
    this.sweeps += 1;
    for (const pod of pods) this.reach(pod);
    this.owners.filter((owner) => {
      const isKept = owner.sweep === this.sweeps || owner.usedAt >= unusedSince;
      if (isKept) owner.kind.isUsed = true;
      return isKept;
    });
    this.kindStates.dropUnused();
  }

  /** When something that was put off may be asked again, by `retryDue`, then `fetch`; null when nothing was. */
  nextAttemptAt(): number | null {
    return this.kindStates.nextAttemptAt();
  }

  /** How reading each kind of owner goes. */
  kinds(): readonly OwnerKindStatus[] {
    return kindStatuses(this.kindStates.all(), this.owners.values());
  }

  private fetchKind(kind: OwnerKind, owners: ReadonlyMap<string, PendingOwner>, signal: AbortSignal): Promise<void> {
    const wanted = [...owners.values()];
    const fetched = this.reader.read(kind, wanted, this.hold, signal).then(() => {
      for (const key of owners.keys()) this.fetching.delete(key);
      const settled = [...owners].filter(([, owner]) => this.owners.get(owner) !== undefined || isUnreadable(kind));
      if (settled.length > 0) this.options.onFetched?.(settled.map(([, owner]) => owner.ref.uid));
    });
    for (const key of owners.keys()) this.fetching.set(key, fetched);
    return fetched;
  }

  private readonly hold: OnOwnerRead = ({ ref, namespace }, meta) => {
    const kind = this.kindStates.of({ ref, namespace });
    this.owners.set({ ref, namespace, meta, kind, usedAt: this.options.clock.now(), sweep: this.sweeps });
  };

  private without(state: 'gone' | 'unreadable', ref: OwnerReference): OwnerLookup {
    return { state, isClusterScoped: this.discovery.known(ref)?.namespaced === false };
  }

  private watchedPod({ ref, namespace }: PendingOwner): ObjectMeta | undefined {
    if (ref.kind !== 'Pod' || apiGroupOf(ref.apiVersion) !== '') return undefined;
    const pod = this.options.podByUid(ref.uid);
    return pod?.name === ref.name && pod.namespace === namespace ? pod : undefined;
  }

  /** Owners reached before are not followed again: they have been followed already. */
  private reach(pod: ObjectMeta): void {
    for (let child: ObjectMeta | null = pod, depth = 0; child !== null && depth < MAX_OWNERS; depth += 1) {
      const next = nextOwner(child);
      if (next.state !== 'owner') return;
      const owner: PendingOwner = { ref: next.ref, namespace: child.namespace };
      const held = this.owners.get(owner);
      if (held?.sweep === this.sweeps) return;
      if (held === undefined) this.kindStates.of(owner).isUsed = true;
      else held.sweep = this.sweeps;
      child = this.watchedPod(owner) ?? held?.meta ?? null;
    }
  }
}

function keyOf({ ref, namespace }: PendingOwner): string {
  return `${ref.uid}/${qualifiedKind(ref.kind, apiGroupOf(ref.apiVersion))}/${namespace}/${ref.name}`;
}

function addTo<K>(groups: Map<K, Map<string, PendingOwner>>, group: K, key: string, owner: PendingOwner): void {
  const members = groups.get(group) ?? new Map<string, PendingOwner>();
  groups.set(group, members.set(key, owner));
}

function isSameMeta(before: ObjectMeta | null, now: ObjectMeta): boolean {
  return JSON.stringify(before) === JSON.stringify(now);
}
