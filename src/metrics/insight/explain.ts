import type { Label } from '../../common/label-set.js';
import type { InventoryView } from '../../pods/core/inventory-view.js';
import { decide, type Decision } from '../core/decide.js';
import type { EnrichmentRules } from '../core/enrichment-rules.js';
import type { Step } from '../core/find-owner.js';
import type { Outcome } from '../core/outcome.js';
import { OUTCOMES } from '../core/outcome.js';
import { droppedAs } from '../ingest/sample-bytes.js';
import type { ExplanationDto } from './explanation.dto.js';

/** A sample to be explained; `timestamp` in ms. */
export interface SampleInQuestion {
  readonly labels: readonly Label[];
  readonly timestamp: number;
  readonly value: number | undefined;
  /** What became of it where that is known and rests on more than labels, time and value. */
  readonly outcome?: Outcome;
}

/** Makes the same decision as the ingest path for a sample and tells how it came about. */
export function explain(
  { labels, timestamp, value, outcome: known }: SampleInQuestion,
  view: InventoryView,
  rules: EnrichmentRules,
): ExplanationDto {
  const steps: Step[] = [];
  const decision = decide(labels, timestamp, view, rules, steps);
  const outcome = known ?? outcomeWithValue(decision, value);
  return {
    outcome,
    rule: decision.owner?.rule ?? null,
    reason: reasonFor(outcome, decision),
    timestamp: new Date(timestamp).toISOString(),
    valid_from: isoOrNull(decision.from),
    valid_to: isoOrNull(decision.to),
    pods: (decision.owner?.pods ?? []).map(({ uid, name, namespace, nodeName, workloads }) => ({
      uid,
      name,
      namespace,
      node_name: nodeName,
      workloads: workloads.map((workload) => ({ ...workload })),
    })),
    series: outcome === 'emitted' ? decision.series.map((series) => toRecord(series.labels)) : [],
    steps,
  };
}

function outcomeWithValue(decision: Decision, value: number | undefined): Outcome {
  if (value === undefined || (decision.outcome !== 'emitted' && decision.outcome !== 'forwarded'))
    return decision.outcome;
  return OUTCOMES[droppedAs(value, decision.deviceClass === 'gpu')] ?? decision.outcome;
}

const REASONS: Readonly<Record<Outcome, string>> = {
  emitted: 'belongs to a workload and is stored with its labels',
  forwarded: 'belongs to no workload and is forwarded untouched, as METRICS_UNMATCHED says',
  unmatched: 'no label names a known pod or device',
  no_node: 'it names a device, but no label names a known node',
  no_device: 'nobody held the device at that time, or the pod named is the exporter and not the holder',
  no_pod: 'the pod it names is not in the inventory at that time',
  no_workload: 'its pod has no known workload',
  ambiguous: 'it names a pod without namespace, and several bear the name',
  expired: 'its pod or binding ended longer ago than the grace period',
  negative: 'values below zero are dropped',
  sentinel: "the value is the exporter's way of saying that there is none",
  invalid: 'its labels break the rules of the protocol',
  already_enriched: 'it is the product of enrichment itself',
  duplicate: 'another series feeds the same output',
  rejected: 'the storage refuses it',
  deferred: 'the storage does not accept at the moment',
};

function reasonFor(outcome: Outcome, { owner, cappedWorkloads }: Decision): string {
  const grace = outcome === 'emitted' && owner?.endedAt !== undefined ? ', within the grace period' : '';
  const capped =
    cappedWorkloads > 0 ? `; ${cappedWorkloads} workloads are left out by METRICS_MAX_WORKLOADS_PER_POD` : '';
  return REASONS[outcome] + grace + capped;
}

/** Times beyond what a Date can hold are open ends too. */
function isoOrNull(ms: number): string | null {
  return Math.abs(ms) > 8.64e15 ? null : new Date(ms).toISOString();
}

function toRecord(labels: readonly Label[]): Record<string, string> {
  return Object.fromEntries(labels.map(({ name, value }) => [name, value]));
}
