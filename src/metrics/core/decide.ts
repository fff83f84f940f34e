import type { Label } from '../../common/label-set.js';
import { canonicalLabels, METRIC_NAME } from '../../common/label-set.js';
import type { DeviceClass } from '../../pods/core/inventory-rows.js';
import type { InventoryView, PodRef, WorkloadRef } from '../../pods/core/inventory-view.js';
import { StampReads } from '../../pods/core/stamps.js';
import { associationOf, type DeviceAssociation } from './device-association.js';
import { deviceOf } from './device-series.js';
import type { EnrichmentRules } from './enrichment-rules.js';
import { findOwner, type Owner, type Step } from './find-owner.js';
import type { Outcome } from './outcome.js';
import { SeriesLabels } from './series-labels.js';
import { Validity } from './validity.js';

/** One workload-level series that a series turns into. */
export interface WorkloadSeries {
  readonly pod: PodRef;
  readonly workload: WorkloadRef;
  /** Sorted by name, without empty values. */
  readonly labels: readonly Label[];
}

/** What is done with the samples of one series whose times lie in [from, to), and why. */
export interface Decision {
  readonly outcome: Outcome;
  readonly owner: Owner | undefined;
  /** Empty unless the outcome is `emitted`. */
  readonly series: readonly WorkloadSeries[];
  /** Workloads beyond the limit per pod, left out of `series`. */
  readonly cappedWorkloads: number;
  /** Class of the device the series speaks of: sentinel values are known for GPUs. */
  readonly deviceClass: DeviceClass | undefined;
  /** What the labels teach about who holds the device. */
  readonly association: DeviceAssociation | undefined;
  /** Sample times (ms) this holds for: [from, to). */
  readonly from: number;
  readonly to: number;
  /** Stamp slots of everything in the inventory this rests on. */
  readonly reads: Uint16Array;
}

/**
 * Decides what becomes of a series' samples of time `at` (ms).
 * @param steps filled with the rules tried, for explanations; leave out on the hot path
 */
export function decide(
  input: Iterable<Label>,
  at: number,
  view: InventoryView,
  rules: EnrichmentRules,
  steps?: Step[],
): Decision {
  const labels = new SeriesLabels(input);
  const validity = new Validity(at);
  const reads = new StampReads();
  const device = deviceOf(labels, rules);
  const base = {
    deviceClass: device?.deviceClass,
    association: undefined,
    owner: undefined,
    series: [],
    cappedWorkloads: 0,
    reads: NO_READS,
    from: -Infinity,
    to: Infinity,
  };
  if (isOwnProduct(labels, rules))
    return { ...base, outcome: rules.forwardUnmatched ? 'forwarded' : 'already_enriched' };
  const owner = findOwner({ labels, view, rules, validity, reads, steps });
  const association =
    typeof owner === 'string' || !rules.learnDevices
      ? undefined
      : associationOf(device, owner, { labels, view, rules, reads });
  const found = { ...base, association, reads: reads.toArray(), from: validity.from, to: validity.to };
  if (typeof owner === 'string') return { ...found, outcome: rules.forwardUnmatched ? 'forwarded' : owner };
  const all = owner.pods.flatMap((pod) => pod.workloads.map((workload) => ({ pod, workload })));
  if (all.length === 0) return { ...found, owner, outcome: rules.forwardUnmatched ? 'forwarded' : 'no_workload' };
  const kept = owner.pods.flatMap((pod) =>
    pod.workloads.slice(0, rules.maxWorkloadsPerPod).map((workload) => ({ pod, workload })),
  );
  const series = kept.map(({ pod, workload }) => ({
    pod,
    workload,
    labels: workloadLabels(labels, pod, workload, rules),
  }));
  return { ...found, owner, outcome: 'emitted', series, cappedWorkloads: all.length - kept.length };
}

const NO_READS = new Uint16Array(0);

/** A series that came back to us (a scrape of our own output, say) would gain a prefix at every turn. */
function isOwnProduct(labels: SeriesLabels, rules: EnrichmentRules): boolean {
  return (
    rules.namePrefix !== '' &&
    labels.metricName.startsWith(rules.namePrefix) &&
    labels.get('workload_uid') !== undefined
  );
}

function workloadLabels(labels: SeriesLabels, pod: PodRef, workload: WorkloadRef, rules: EnrichmentRules): Label[] {
  const all = new Map(labels.entries());
  all.set(METRIC_NAME, rules.namePrefix + labels.metricName);
  all.set('job', rules.job);
  all.set('pod_name', pod.name);
  all.set('pod_uid', pod.uid);
  all.set('workload_name', workload.name);
  all.set('workload_uid', workload.uid);
  all.set('workload_namespace', workload.namespace);
  all.set('workload_kind', workload.kind);
  return canonicalLabels([...all].map(([name, value]) => ({ name, value })));
}
