const SLOTS = 1 << 16;

/** What a lookup in the inventory depended on. Absent things have stamps too, so that a miss is forgotten when they appear. */
export type StampScope = 'node' | 'device' | 'class' | 'pod' | 'pod-name' | 'bare-name' | 'owns';

/** Takes note that the answer to a lookup may have changed. */
export interface Touched {
  touch(scope: StampScope, key: string): void;
}

/**
 * Version counters of everything that can be looked up in the inventory, hashed into a fixed table.
 * A decision notes the slots it read and the sum of their counters; counters only grow, so an equal sum means nothing it
 * depended on has changed. Two things sharing a slot cost a needless recomputation, never a stale answer.
 */
export class Stamps implements Touched {
  private readonly counters = new Uint32Array(SLOTS);
  /** Grows with every change; equal epochs make the sums' comparison unnecessary. */
  epoch = 0;

  static slot(scope: StampScope, key: string): number {
    let hash = 0x811c9dc5;
    for (let i = 0; i < scope.length; i++) hash = Math.imul(hash ^ scope.charCodeAt(i), 0x01000193);
    for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
    return (hash ^ (hash >>> 16)) & (SLOTS - 1);
  }

  touch(scope: StampScope, key: string): void {
    this.touchSlot(Stamps.slot(scope, key));
  }

  touchSlot(slot: number): void {
    this.counters[slot] = (this.counters[slot] ?? 0) + 1;
    this.epoch++;
  }

  /** Sum of the counters of the given slots. */
  sum(slots: Uint16Array): number {
    let total = 0;
    for (let i = 0; i < slots.length; i++) total += this.counters[slots[i] ?? 0] ?? 0;
    return total;
  }
}

/** Collects the slots that one decision read. */
export class StampReads {
  private readonly slots = new Set<number>();

  read(scope: StampScope, key: string): void {
    this.slots.add(Stamps.slot(scope, key));
  }

  toArray(): Uint16Array {
    return Uint16Array.from(this.slots);
  }
}

/** Collects what differs without telling anybody, so that all of it can be touched at once later. */
export class TouchedSlots implements Touched {
  readonly slots = new Set<number>();

  touch(scope: StampScope, key: string): void {
    this.slots.add(Stamps.slot(scope, key));
  }
}

/** Passes touches on once it has somebody to tell: an index that is still being built has no readers. */
export class StampOutlet implements Touched {
  constructor(private target: Touched | null) {}

  open(target: Touched): void {
    this.target = target;
  }

  touch(scope: StampScope, key: string): void {
    this.target?.touch(scope, key);
  }
}
