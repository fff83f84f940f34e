import type { Label } from '../../common/label-set.js';
import { canonicalLabels } from '../../common/label-set.js';
import type { InventoryView } from '../../pods/core/inventory-view.js';
import type { Stamps } from '../../pods/core/stamps.js';
import { decide, type Decision } from '../core/decide.js';
import type { DeviceAssociation } from '../core/device-association.js';
import type { EnrichmentRules } from '../core/enrichment-rules.js';
import { OUTCOME_INDEX } from '../core/outcome.js';
import { SeriesLabels } from '../core/series-labels.js';
import type { MetricActivities } from '../metric-activity.js';
import { readLabelBlock, writeLabelBlock, type LabelLimits } from './label-block.js';
import { ContestedOutputs } from './contested-outputs.js';
import type { OutgoingBatch } from './outgoing-batch.js';
import type { SeriesCache } from './series-cache.js';
import { SeriesEntry, type CachedDecision, type OutputLabels } from './series-entry.js';

/** An output series whose feeding ended, to be closed by a stale marker. */
export interface EndedOutput {
  /** Label block of the output series. */
  readonly labels: Buffer;
  /** Time (ms) of the last sample the storage has of it. */
  readonly lastTimestamp: number;
}

/** Somebody who watches decisions, e.g. a debug capture. */
export interface SeriesCapture {
  /** Distinguishes captures; a series is matched once per id. */
  readonly id: number;
  matches(labels: readonly Label[]): boolean;
  record(entry: CapturedSeries): void;
}

/** Somebody who is told what the labels of series teach about holders of devices. */
export interface SeriesLearner {
  /** A decision has become the entry's own, at a sample of time `at` (ms). `association` is what it teaches now, if anything. */
  observe(entry: SeriesEntry, association: DeviceAssociation | undefined, at: number): void;
}

export interface CapturedSeries {
  readonly labels: readonly Label[];
  readonly timestamp: number;
  readonly outcome: number;
  readonly value: number | undefined;
}

const NO_READS = new Uint16Array(0);

/**
 * Makes decisions for cached series and keeps them true to the inventory: computes them on the first sight of a series,
 * again when a stamp they rest on has changed, and for sample times outside their span.
 */
export class SeriesDecisions {
  /** Outputs that were fed and no longer are; whoever sends stale markers takes them from here. */
  ended: EndedOutput[] = [];
  readonly contests = new ContestedOutputs();
  capture: SeriesCapture | undefined;
  learner: SeriesLearner | undefined;
  /** What the request in work has become so far. */
  batch: OutgoingBatch | undefined;

  /** @param view the inventory of now; asked anew at each decision, because it is swapped whole */
  constructor(
    private readonly cache: SeriesCache,
    private readonly view: () => InventoryView,
    readonly stamps: Stamps,
    readonly rules: EnrichmentRules,
    private readonly context: { limits: LabelLimits; activities: MetricActivities },
  ) {}

  get limits(): LabelLimits {
    return this.context.limits;
  }

  /** Makes the entry of a series seen for the first time. Its decision is made at its first sample. */
  remember(bytes: Buffer, view: DataView, start: number, length: number): SeriesEntry {
    const block = readLabelBlock(bytes, start, start + length, this.context.limits);
    const invalid = 'invalid' in block ? block.invalid : undefined;
    const metric = 'labels' in block ? new SeriesLabels(block.labels).metricName : '(invalid)';
    const decision = invalid === undefined ? UNDECIDED : invalidDecision(invalid);
    const activity = this.context.activities.of(metric);
    return this.cache.add(bytes, view, start, length, (base) => new SeriesEntry(base, decision, activity));
  }

  /** The decision for a sample of time `at`; becomes the entry's own unless it is about the past. */
  decisionAt(entry: SeriesEntry, at: number): CachedDecision {
    const { decision } = entry;
    if (decision.invalid !== undefined || (at >= decision.from && at < decision.to)) return decision;
    const { made, association } = this.make(entry, at);
    if (decision.from !== Infinity && at < decision.to) return made;
    this.learner?.observe(entry, association, at);
    const outputs = made.outputs.map(({ slab, offset, length }) => this.cache.keep(slab.bytes, offset, length));
    const kept = { ...made, outputs };
    this.replace(entry, kept);
    return kept;
  }

  /** The labels of a cached series. */
  labelsOf(entry: SeriesEntry): readonly Label[] {
    const block = readLabelBlock(entry.slab.bytes, entry.offset, entry.offset + entry.length, this.context.limits);
    return 'labels' in block ? block.labels : [];
  }

  /** The label blocks that a sample of time `at` would be given if nothing counted beyond its end. */
  outputsWithoutGrace(entry: SeriesEntry, at: number): Buffer[] {
    const labels = this.labelsOf(entry);
    return outputBlocks(decide(labels, at, this.view(), { ...this.rules, graceMs: 0 }), labels);
  }

  isCaptured(entry: SeriesEntry): boolean {
    const { capture } = this;
    if (capture === undefined) return false;
    if (entry.captureId !== capture.id) {
      entry.captureId = capture.id;
      entry.captured = capture.matches(this.labelsOf(entry));
    }
    return entry.captured;
  }

  /** Its outputs stand in memory of their own: decisions about the past are used once. */
  private make(entry: SeriesEntry, at: number): { made: CachedDecision; association: DeviceAssociation | undefined } {
    const labels = this.labelsOf(entry);
    const decision = closed(decide(labels, at, this.view(), this.rules), entry, at);
    const outputs = outputBlocks(decision, labels).map((block) => this.cache.outside(block, 0, block.length));
    const made = {
      from: decision.from,
      to: decision.to,
      endedAt: decision.owner?.endedAt ?? Infinity,
      outcome: OUTCOME_INDEX[decision.outcome],
      outputs,
      reads: decision.reads,
      stampSum: this.stamps.sum(decision.reads),
      epoch: this.stamps.epoch,
      sentinels: decision.deviceClass === 'gpu',
      contested: outputs.some((output) => this.contests.mayHave(output)),
      invalid: undefined,
    };
    return { made, association: decision.association };
  }

  private replace(entry: SeriesEntry, made: CachedDecision): void {
    const before = entry.decision;
    entry.decide(made);
    entry.endNoticed = 0;
    for (const output of made.outputs) {
      const rival = this.cache.feederOf(output, entry);
      if (rival !== undefined) this.contest(output, entry, rival);
    }
    this.cache.register(entry);
    if (entry.lastTimestamp === -Infinity || entry.lastStale) return;
    for (const output of before.outputs) {
      if (made.outputs.some((other) => sameOutput(other, output))) continue;
      this.ended.push({ labels: copyOf(output), lastTimestamp: entry.lastTimestamp });
    }
  }

  /** What the rival has handed on already, in this request or before, stays the rival's. */
  private contest(output: OutputLabels, entry: SeriesEntry, rival: SeriesEntry): void {
    const newest = Math.max(rival.lastTimestamp, this.batch?.newestOf(rival) ?? -Infinity);
    this.contests.open(output, rival, newest);
    for (const contestant of [entry, rival]) contestant.decide({ ...contestant.decision, contested: true });
  }
}

/** Placeholder of a series that no sample has been seen of yet: covers no time, so the first sample asks for a real one. */
const UNDECIDED: CachedDecision = {
  from: Infinity,
  to: Infinity,
  endedAt: Infinity,
  outcome: OUTCOME_INDEX.unmatched,
  outputs: [],
  reads: NO_READS,
  stampSum: 0,
  epoch: 0,
  sentinels: false,
  contested: false,
  invalid: undefined,
};

function invalidDecision(invalid: string): CachedDecision {
  return { ...UNDECIDED, from: -Infinity, outcome: OUTCOME_INDEX.invalid, invalid };
}

/**
 * After a stale marker has closed a device's series, the grace period no longer lets later samples through: the device
 * is idle, and its readings would bring the ended series back as a ghost.
 */
function closed(decision: Decision, entry: SeriesEntry, at: number): Decision {
  const { owner } = decision;
  const byDevice = owner !== undefined && (owner.rule === 'device' || owner.rule === 'device_uuid');
  if (!byDevice || owner.endedAt === undefined || entry.closedAt < owner.endedAt) return decision;
  const open = entry.closedAt + 1;
  if (at < open) return { ...decision, to: Math.min(decision.to, open) };
  return { ...decision, outcome: 'expired', series: [], from: Math.max(decision.from, open) };
}

/** The label blocks of a decision's outputs; a forwarded series keeps its labels, in canonical form. */
function outputBlocks(decision: Decision, labels: readonly Label[]): Buffer[] {
  const forwarded = decision.outcome === 'forwarded' ? [canonicalLabels(labels)] : [];
  return distinct([...decision.series.map((series) => series.labels), ...forwarded].map(writeLabelBlock));
}

/** Label blocks without repetitions: two holders may share a workload, but labels name the pod, so this is rare. */
function distinct(blocks: readonly Buffer[]): Buffer[] {
  return blocks.filter((block, i) => blocks.findIndex((other) => other.equals(block)) === i);
}

export function sameOutput(a: OutputLabels, b: OutputLabels): boolean {
  return a.hash === b.hash && a.length === b.length && copyOf(a).equals(copyOf(b));
}

/** The label block in memory of its own, so that it does not keep its slab alive. */
export function copyOf(output: OutputLabels): Buffer {
  return Buffer.from(output.slab.bytes.subarray(output.offset, output.offset + output.length));
}
