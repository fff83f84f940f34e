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

/** What is remembered of one distinct series: its label bytes, its decision and when it last fed its outputs. */
export interface SeriesEntry {
  slab: Slab;
  offset: number;
  readonly length: number;
  readonly hash: number;
  generation: number;
  nextInBucket: SeriesEntry | null;
  /** The series that came after this one last time: senders repeat series in the same order. */
  follower: SeriesEntry | null;
  decision: CachedDecision;
  activity: MetricActivity;
  /** Time (ms) of the newest sample that the storage has accepted. */
  lastTimestamp: number;
  /** Whether that sample was a stale marker. */
  lastStale: boolean;
  /** Number of the sweep that first found the binding ended; 0 while it is in force. */
  endNoticed: number;
  /** Time (ms) of the stale marker that closed a device's series; -Infinity while open. */
  closedAt: number;
  /** Id of the debug capture that has looked at this series, and its verdict. */
  captureId: number;
  captured: boolean;
}
