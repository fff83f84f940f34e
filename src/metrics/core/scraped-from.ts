import type { Label } from '../../common/label-set.js';
import type { InventoryView, PodRef } from '../../pods/core/inventory-view.js';
import type { StampReads } from '../../pods/core/stamps.js';
import type { EnrichmentRules } from './enrichment-rules.js';
import { hostOf, type SeriesLabels } from './series-labels.js';

/** What it takes to tell where a series comes from. */
export interface Scraped {
  readonly labels: SeriesLabels;
  readonly view: InventoryView;
  readonly rules: EnrichmentRules;
  readonly reads: StampReads;
}

/**
 * The node that a series speaks of: the first label that names a known one.
 * @param tried told of each label that was looked at
 */
export function nodeOf(
  { labels, view, rules, reads }: Scraped,
  tried?: (label: Label, node: string | undefined) => void,
): string | undefined {
  for (const name of rules.nodeLabels) {
    const value = labels.get(name);
    if (value === undefined) continue;
    const node = view.node(value, reads) ?? view.node(hostOf(value), reads);
    tried?.({ name, value }, node);
    if (node !== undefined) return node;
  }
  return undefined;
}

/** Whether the pod is the one that was scraped, by its address. The address of a node tells nothing: many pods share it. */
export function isScrapeTarget(pod: PodRef, { labels, view, reads }: Scraped): boolean {
  const instance = labels.get('instance');
  if (instance === undefined || pod.podIp === null || hostOf(instance) !== pod.podIp) return false;
  return view.node(pod.podIp, reads) === undefined;
}

/** Whether the pod runs because of its node, as exporters do. */
export function isDaemon(pod: PodRef): boolean {
  return pod.workloads.some((workload) => workload.kind === 'DaemonSet');
}
