import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../../common/clock.js';
import { pause } from '../../../database/backoff.js';
import type { OwnerCache } from '../owners/owner-cache.js';
import type { ChainResolver } from './chain-resolver.js';
import type { LivePods } from './live-pods.js';
import type { PendingChanges } from './pending-changes.js';

/** Between two looks at what there is to find out, ms. */
const INTERVAL = 1_000;
/** Owners that nobody asked for in that time, and no live pod leads to, are forgotten, ms. */
const FORGET_AFTER = 10 * 60_000;
/** How long pods wait together for their owners, ms: a list of a kind may be long. */
const PATIENCE = 60_000;
/** Pods tried again at a time while their owners cannot be read; those tried go to the end of the queue. */
const AT_A_TIME = 5_000;
/** Pods handed on in one turn of the event loop. */
const TURN = 1_000;

export interface OwnerFollowerOptions {
  readonly cache: Pick<OwnerCache, 'retryDue' | 'nextAttemptAt' | 'retain'>;
  readonly resolver: ChainResolver;
  readonly pods: LivePods;
  readonly pending: PendingChanges;
  readonly clock: Clock;
  readonly isListing: () => boolean;
}

/** Comes back to pods whose owners were not found out at once. */
export class OwnerFollower {
  private readableAgain = false;
  private retainedAt: number;

  constructor(private readonly options: OwnerFollowerOptions) {
    this.retainedAt = options.clock.now();
  }

  /** A kind of owners that could not be read can be now. */
  kindBecameReadable(): void {
    this.readableAgain = true;
  }

  /** Runs until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    do {
      await pause(INTERVAL, signal);
      await this.look(signal);
    } while (!signal.aborted);
  }

  /** Asks for the owners of all pods that wait for them, and has those written whose owners became known. */
  async resolvePending(signal: AbortSignal): Promise<void> {
    await this.resolve(this.options.resolver.pending, signal);
  }

  private async look(signal: AbortSignal): Promise<void> {
    const { cache, resolver, clock, isListing } = this.options;
    const now = clock.now();
    if ((cache.nextAttemptAt() ?? Infinity) <= now) await cache.retryDue(signal);
    if (this.readableAgain) {
      this.readableAgain = false;
      await this.resolve(resolver.unreadable, signal);
    }
    // While everything is listed, owners are asked for when many pods are known.
    if (!isListing()) await this.resolve(firstOf(resolver.pending, AT_A_TIME), signal);
    this.forget(now);
  }

  private async resolve(uids: Iterable<string>, signal: AbortSignal): Promise<void> {
    const { resolver, pods, pending } = this.options;
    const waiting = pods.some(uids);
    if (waiting.length === 0) return;
    const known = new Set((await resolver.resolve(waiting, PATIENCE, signal)).map(({ podUid }) => podUid));
    const resolved = pods.some(known);
    for (let start = 0; start < resolved.length; start += TURN) {
      const part = resolved.slice(start, start + TURN).map((pod) => ({ kind: 'pod', pod }) as const);
      // What came meanwhile is newer.
      await pending.add(
        part.filter((change) => !pending.has(change)),
        signal,
      );
      await setImmediate();
    }
  }

  private forget(now: number): void {
    if (now - this.retainedAt < FORGET_AFTER) return;
    this.retainedAt = now;
    this.options.cache.retain(this.options.pods.all(), now - FORGET_AFTER);
  }
}

function firstOf(uids: ReadonlySet<string>, count: number): string[] {
  const first: string[] = [];
  for (const uid of uids) {
    if (first.length === count) break;
    first.push(uid);
  }
  return first;
}
