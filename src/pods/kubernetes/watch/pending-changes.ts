import { EventEmitter, once } from 'node:events';
import type { WatchedNode, WatchedPod } from '../../core/kubernetes/objects.js';

/** What is to be written about one object: its newest state, or that it is gone. */
export type PendingChange =
  | { readonly kind: 'node'; readonly node: WatchedNode }
  | { readonly kind: 'node-removed'; readonly name: string }
  | { readonly kind: 'pod'; readonly pod: WatchedPod }
  /** The last state of a pod that is gone; `endedAt` in ms since the epoch. */
  | { readonly kind: 'pod-removed'; readonly pod: WatchedPod; readonly endedAt: number };

/**
 * Changes on their way to the database. Of each object only the newest state waits, so a slow database costs no memory beyond
 * one state per object, and above `limit` objects whoever brings more has to wait.
 */
export class PendingChanges {
  private readonly waiting = new Map<string, PendingChange>();
  private readonly events = new EventEmitter().setMaxListeners(0);
  private underWay = 0;
  private settled = 0;

  constructor(private readonly limit: number) {}

  /** Objects that wait or are being written. */
  get size(): number {
    return this.waiting.size + this.underWay;
  }

  /** Whether a newer state of the object waits. */
  has(change: PendingChange): boolean {
    return this.waiting.has(keyOf(change));
  }

  /** Adds changes in their order once there is room. Rejects when `signal` is aborted. */
  async add(changes: readonly PendingChange[], signal: AbortSignal): Promise<void> {
    for (const change of changes) {
      while (this.waiting.size >= this.limit) await once(this.events, 'taken', { signal });
      this.waiting.set(keyOf(change), change);
      this.events.emit('added');
    }
  }

  /** Resolves when something waits. Rejects when `signal` is aborted. */
  async available(signal: AbortSignal): Promise<void> {
    while (this.waiting.size === 0) await once(this.events, 'added', { signal });
  }

  /** Takes the oldest changes out; {@link finish} tells that they were dealt with. */
  take(count: number): PendingChange[] {
    const taken: PendingChange[] = [];
    for (const [key, change] of this.waiting) {
      if (taken.length >= count) break;
      taken.push(change);
      this.waiting.delete(key);
    }
    this.underWay += taken.length;
    this.events.emit('taken');
    return taken;
  }

  finish(count: number): void {
    this.underWay -= count;
    this.settled += count;
    this.events.emit('finished');
  }

  /** Resolves when all that waits now has been dealt with: changes keep their place in the queue. */
  async drained(signal: AbortSignal): Promise<void> {
    const target = this.settled + this.size;
    while (this.settled < target) await once(this.events, 'finished', { signal });
  }
}

function keyOf(change: PendingChange): string {
  switch (change.kind) {
    case 'node':
      return `node/${change.node.name}`;
    case 'node-removed':
      return `node/${change.name}`;
    case 'pod':
    case 'pod-removed':
      return `pod/${change.pod.uid}`;
  }
}
