import type { MetricActivity } from '../metric-activity.js';
import type { Slab } from './slab.js';

/** A label block of an output series, kept in a slab of the cache. */
export interface OutputLabels {
  readonly slab: Slab;
  readonly offset: number;
  readonly length: number;
  readonly hash: number;
}

/** A decision as the hot path needs it: what to do with samples of times in [from, to). */
export interface CachedDecision {
  /** Sample times in ms; `from` is Infinity once the inventory has changed under it. */
  from: number;
  to: number;
  /** When the binding it rests on ended (ms), if only the grace period keeps it; else Infinity. */
  readonly endedAt: number;
  /** Index into OUTCOMES. */
  readonly outcome: number;
  readonly outputs: readonly OutputLabels[];
  readonly reads: Uint16Array;
  readonly stampSum: number;
  /** The stamps' epoch at which the sum was last seen unchanged. */
  epoch: number;
  /** Whether sentinel values are known for this kind of series. */
  readonly sentinels: boolean;
  /** Whether another series has an output of the same labels, so that samples must be told apart one by one. */
  contested: boolean;
  /** Set when the labels break the data model. */
  readonly invalid: string | undefined;
}

/**
 * What is remembered of one distinct series: its label bytes, its decision and when it last fed its outputs.
 * The first fields are what the walker reads of a series that comes again: kept together, and the spans as whole seconds,
 * because numbers of more than 32 bits live in objects of their own, and with many series each object costs a cache miss.
 */
export class SeriesEntry {
  readonly length: number;
  slab: Slab;
  offset: number;
  generation: number;
  /** The series that came after this one last time: senders repeat series in the same order. */
  follower: SeriesEntry | null = null;
  /** The decision in short; see `decide`. Covers no time while it must not be used. */
  fastEpoch = 0;
  fastFrom = NEVER;
  fastTo = NEVER;
  fastOutcome = 0;
  fastSentinels = false;
  /** The only output; null when there is none. */
  fastOutput: Slab | null = null;
  fastOffset = 0;
  fastLength = 0;
  /** Tells the label block of the only output from all others that are cached; never NO_OUTPUT. */
  outputId = 0;
  /** Elements of snappy for that block (OutputDeltas), usable where it follows the output `deltaTo` at this distance. */
  deltaTo = NO_OUTPUT;
  deltaSlab: Slab | null = null;
  deltaOffset = 0;
  deltaLength = 0;
  deltaGap = 0;
  /** Output that it followed when it could not be encoded against the one before. */
  deltaCandidate = NO_OUTPUT;
  deltasMade = 0;
  /** Where the batch last fed keeps this entry's feed. */
  feedPosition = 0;
  activity: MetricActivity;

  readonly hash: number;
  nextInBucket: SeriesEntry | null = null;
  decision: CachedDecision;
  /** Time (ms) of the newest sample that the storage has accepted. */
  lastTimestamp = -Infinity;
  /** Whether that sample was a stale marker. */
  lastStale = false;
  /** Number of the sweep that first found the binding ended; 0 while it is in force. */
  endNoticed = 0;
  /** Time (ms) of the stale marker that closed a device's series; -Infinity while open. */
  closedAt = -Infinity;
  /** Id of the debug capture that has looked at this series, and its verdict. */
  captureId = 0;
  captured = false;

  constructor(base: EntryBase, decision: CachedDecision, activity: MetricActivity) {
    this.length = base.length;
    this.slab = base.slab;
    this.offset = base.offset;
    this.generation = base.generation;
    this.hash = base.hash;
    this.decision = decision;
    this.activity = activity;
  }

  /** Takes a decision and prepares its short form, unless it needs the long way (several outputs, contested, invalid). */
  decide(decision: CachedDecision): void {
    this.decision = decision;
    this.fastEpoch = decision.epoch;
    this.forgetDelta();
    const output = decision.outputs[0];
    if (decision.outputs.length > 1 || decision.contested || decision.invalid !== undefined) {
      this.fastFrom = this.fastTo = NEVER;
      this.fastOutput = null;
      return;
    }
    this.fastFrom = toSeconds(Math.ceil(decision.from / 1000));
    this.fastTo = toSeconds(Math.floor(decision.to / 1000));
    this.fastOutcome = decision.outcome;
    this.fastSentinels = decision.sentinels;
    this.fastOutput = output?.slab ?? null;
    this.fastOffset = output?.offset ?? 0;
    this.fastLength = output?.length ?? 0;
  }

  private forgetDelta(): void {
    this.outputId = lastOutputId = (lastOutputId + 1) & MAX_OUTPUT_ID;
    this.deltaTo = this.deltaCandidate = NO_OUTPUT;
    this.deltaSlab = null;
    this.deltasMade = 0;
  }

  /** Makes the decision cover no time, so that the next sample asks for a new one. */
  void(): void {
    this.decision.from = Infinity;
    this.fastFrom = this.fastTo = NEVER;
  }
}

/** Stands for no output at all. */
export const NO_OUTPUT = -1;

/**
 * Ids come again after 2^30 decisions. No entry can still know one by then: each decision takes up memory of the cache's, and
 * the entry itself is decided anew when it moves to another generation.
 */
const MAX_OUTPUT_ID = 2 ** 30 - 1;
let lastOutputId = 0;

/** What the cache fills in of a new entry. */
export type EntryBase = Pick<SeriesEntry, 'slab' | 'offset' | 'length' | 'hash' | 'generation'>;

/** Bounds of what fits in 32 bits: the second at the upper end is after every sample. */
const NEVER = 2 ** 31 - 1;
const ALWAYS = -(2 ** 31);

function toSeconds(seconds: number): number {
  return Math.max(ALWAYS, Math.min(NEVER, seconds));
}
