import { randomInt } from 'node:crypto';
import type { EntryBase, OutputLabels, SeriesEntry } from './series-entry.js';
import { hashBytes, sameBytes, SlabAllocator, type Slab } from './slab.js';

/** Memory that an entry takes beside its label bytes: the objects and its share of the tables (measured). */
const ENTRY_OVERHEAD_BYTES = 1_100;

/** Colliding entries kept per hash; more would let crafted labels slow look-ups down. */
const MAX_CHAIN = 8;

/** Dropped entries cleaned up at each addition: more than are added, so the backlog shrinks. */
const COLLECT_PER_ADD = 8;

interface Generation {
  readonly number: number;
  /** Label blocks of series, of outputs and elements apart: each kind is then read from one end to the other. */
  readonly labels: SlabAllocator;
  readonly outputs: SlabAllocator;
  readonly elements: SlabAllocator;
  readonly buckets: Map<number, SeriesEntry>;
  readonly entries: SeriesEntry[];
  /** Entries by the hash of each of their outputs. */
  readonly feeders: Map<number, SeriesEntry>;
}

/**
 * Everything remembered of distinct series, keyed by their label bytes and bounded in bytes.
 * Two generations: what is used moves into the current one; when that has taken half of the budget or has grown old, the
 * previous one is dropped whole and the current one takes its place. So unused series leave without a list to keep.
 * (The two-generation working set is VictoriaMetrics' idea, lib/workingsetcache.)
 */
export class SeriesCache {
  private current: Generation = newGeneration(1);
  private previous: Generation = newGeneration(0);
  private readonly seed = randomInt(2 ** 31);
  /** Dropped entries whose references are still to be cut. */
  private garbage: SeriesEntry[] = [];
  /** Number of the older generation: entries of a lower one have been dropped. */
  oldestGeneration = 0;
  /** Entries dropped because they were not used in time or the budget was short. */
  evicted = 0;

  /** @param maxBytes budget for both generations together */
  constructor(private readonly maxBytes: number) {}

  /** The entry of these label bytes, moved to the current generation; undefined when they are new. */
  find(bytes: Buffer, view: DataView, start: number, length: number): SeriesEntry | undefined {
    const hash = hashBytes(view, start, length, this.seed);
    const entry = lookUp(this.current, hash, bytes, start, length) ?? lookUp(this.previous, hash, bytes, start, length);
    if (entry !== undefined && entry.generation !== this.current.number) this.promote(entry);
    return entry;
  }

  /** Keeps a copy of the label bytes and lets `create` make the entry around it. */
  add(
    bytes: Buffer,
    view: DataView,
    start: number,
    length: number,
    create: (base: EntryBase) => SeriesEntry,
  ): SeriesEntry {
    if (this.bytesOf(this.current) >= this.maxBytes / 2) this.rotate();
    this.collect(COLLECT_PER_ADD);
    const hash = hashBytes(view, start, length, this.seed);
    const entry = create({
      ...this.current.labels.store(bytes, start, start + length),
      length,
      hash,
      generation: this.current.number,
    });
    this.insert(this.current, entry);
    return entry;
  }

  /** Whether the entry still belongs to the cache; a dropped one must not be used as a follower. */
  isLive(entry: SeriesEntry): boolean {
    return entry.generation >= this.oldestGeneration;
  }

  get currentGeneration(): number {
    return this.current.number;
  }

  /** Moves an entry of the previous generation into the current one. */
  promote(entry: SeriesEntry): void {
    unlink(this.previous, entry);
    Object.assign(entry, this.current.labels.store(entry.slab.bytes, entry.offset, entry.offset + entry.length));
    entry.generation = this.current.number;
    const outputs = entry.decision.outputs.map((output) => this.keep(output.slab.bytes, output.offset, output.length));
    entry.decide({ ...entry.decision, outputs });
    this.insert(this.current, entry);
    this.register(entry);
    // Afterwards, because ageing before would drop the entry at hand.
    if (this.bytesOf(this.current) >= this.maxBytes / 2) this.rotate();
  }

  /** Copies the label block of an output into the current generation. */
  keep(bytes: Buffer, start: number, length: number): OutputLabels {
    const { slab, offset } = this.current.outputs.store(bytes, start, start + length);
    return { slab, offset, length, hash: hashBytes(slab.view, offset, length, this.seed) };
  }

  /** Keeps a copy of an output's elements in the current generation; `spare` more bytes after them can be read too. */
  keepElements(bytes: Buffer, spare: number): { slab: Slab; offset: number } {
    return this.current.elements.store(bytes, 0, bytes.length, spare);
  }

  /**
   * Makes the entry known as a feeder of its outputs.
   * @returns another live entry with an output of the same labels, if there is one
   */
  register(entry: SeriesEntry): SeriesEntry | undefined {
    let rival: SeriesEntry | undefined;
    for (const output of entry.decision.outputs) {
      rival ??= this.feederOf(output, entry);
      this.current.feeders.set(output.hash, entry);
    }
    return rival;
  }

  /** A live entry, other than `except`, whose decision has an output of these labels. */
  feederOf(output: OutputLabels, except?: SeriesEntry): SeriesEntry | undefined {
    for (const generation of [this.current, this.previous]) {
      const entry = generation.feeders.get(output.hash);
      if (entry !== undefined && entry !== except && this.isLive(entry) && feeds(entry, output)) return entry;
    }
    return undefined;
  }

  /** The entry that feeds the output with these label bytes. */
  feederOfBlock(bytes: Buffer, start: number, length: number): SeriesEntry | undefined {
    return this.feederOf(this.outside(bytes, start, length));
  }

  /** The label block of an output that stays in the caller's memory. */
  outside(bytes: Buffer, start: number, length: number): OutputLabels {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const hash = hashBytes(view, start, length, this.seed);
    return { slab: { bytes, view, used: bytes.length }, offset: start, length, hash };
  }

  /** Ages the cache: the previous generation goes, the current one becomes it. */
  rotate(): void {
    const dropped = this.previous;
    this.previous = this.current;
    this.current = newGeneration(this.previous.number + 1);
    this.oldestGeneration = this.previous.number;
    const unused = dropped.entries.filter((entry) => entry.generation === dropped.number);
    this.evicted += unused.length;
    this.garbage = this.garbage.length === 0 ? unused : this.garbage.concat(unused);
  }

  /**
   * Cuts the references of up to `count` dropped entries, so that a chain of followers cannot keep dropped generations in
   * memory. In portions, because a generation may hold a million entries. Returns whether some are left.
   */
  collect(count: number): boolean {
    for (let i = 0; i < count; i++) {
      const entry = this.garbage.pop();
      if (entry === undefined) return false;
      release(entry);
    }
    return this.garbage.length > 0;
  }

  /** Live entries; those added while iterating may be missed. */
  *entries(): Generator<SeriesEntry> {
    for (const generation of [this.previous, this.current]) {
      for (const entry of generation.entries) if (entry.generation === generation.number) yield entry;
    }
  }

  get size(): number {
    let size = this.current.entries.length;
    for (const entry of this.previous.entries) if (entry.generation === this.previous.number) size++;
    return size;
  }

  /** Estimate of the memory held, in bytes. */
  get bytes(): number {
    return this.bytesOf(this.current) + this.bytesOf(this.previous);
  }

  private bytesOf(generation: Generation): number {
    const { labels, outputs, elements, entries } = generation;
    return labels.allocated + outputs.allocated + elements.allocated + entries.length * ENTRY_OVERHEAD_BYTES;
  }

  private insert(generation: Generation, entry: SeriesEntry): void {
    generation.entries.push(entry);
    entry.nextInBucket = shorten(generation.buckets.get(entry.hash) ?? null);
    generation.buckets.set(entry.hash, entry);
  }
}

const EMPTY_SLAB: Slab = { bytes: Buffer.alloc(0), view: new DataView(new ArrayBuffer(0)), used: 0 };

function newGeneration(number: number): Generation {
  return {
    number,
    labels: new SlabAllocator(),
    outputs: new SlabAllocator(),
    elements: new SlabAllocator(),
    buckets: new Map(),
    entries: [],
    feeders: new Map(),
  };
}

function lookUp(
  generation: Generation,
  hash: number,
  bytes: Buffer,
  start: number,
  length: number,
): SeriesEntry | undefined {
  for (let entry = generation.buckets.get(hash) ?? null; entry !== null; entry = entry.nextInBucket) {
    if (
      entry.length === length &&
      entry.slab !== EMPTY_SLAB &&
      sameBytes(entry.slab.bytes, entry.offset, bytes, start, length)
    )
      return entry;
  }
  return undefined;
}

function unlink(generation: Generation, entry: SeriesEntry): void {
  const head = generation.buckets.get(entry.hash) ?? null;
  if (head === entry) {
    if (entry.nextInBucket === null) generation.buckets.delete(entry.hash);
    else generation.buckets.set(entry.hash, entry.nextInBucket);
    return;
  }
  for (let before = head; before !== null; before = before.nextInBucket) {
    if (before.nextInBucket === entry) before.nextInBucket = entry.nextInBucket;
  }
}

function release(entry: SeriesEntry): void {
  entry.slab = EMPTY_SLAB;
  entry.follower = null;
  entry.nextInBucket = null;
  entry.decide({ ...entry.decision, from: Infinity, to: Infinity, outputs: [] });
}

function feeds(entry: SeriesEntry, output: OutputLabels): boolean {
  return entry.decision.outputs.some(
    (own) =>
      own.hash === output.hash &&
      own.length === output.length &&
      sameBytes(own.slab.bytes, own.offset, output.slab.bytes, output.offset, output.length),
  );
}

function shorten(chain: SeriesEntry | null): SeriesEntry | null {
  let last = chain;
  for (let i = 1; i < MAX_CHAIN && last !== null; i++) last = last.nextInBucket;
  if (last !== null) last.nextInBucket = null;
  return chain;
}
