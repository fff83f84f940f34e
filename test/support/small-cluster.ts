import type { EnrichmentRules } from '../../src/metrics/core/enrichment-rules.js';
import { held, node, pod, RULES as DEFAULT_RULES, workload, type InventorySpec } from './metrics-inventory.js';
import { Pipeline } from './metrics-pipeline.js';

export const LIMITS = { maxLabelsPerSeries: 24, maxLabelNameBytes: 64, maxLabelValueBytes: 128 };

export const RULES: EnrichmentRules = {
  ...DEFAULT_RULES,
  nodeLabels: ['node', 'hostname'],
  devices: [{ deviceClass: 'gpu', labels: ['gpu_id'], families: ['gpu_'], uuidLabels: [] }],
  exporterPodLabels: [],
  graceMs: 500,
  job: 'telemetry',
};

/** node-a: GPU 0 is held by pod-1 for good, GPU 1 by pod-1 from 2000 to 5000 and by pod-2 from 6000. pod-2 has two workloads. */
const SMALL_CLUSTER: InventorySpec = {
  nodes: [node('node-a'), node('node-b')],
  workloads: ['wl-1', 'wl-2'].map((uid) => ({ ...workload(`ml/job ${uid}`), uid })),
  pods: ['pod-1', 'pod-2'].map((uid) => pod(`ml/${uid}-näme`, { uid, nodeName: 'node-a' })),
  owners: { 'pod-1': ['wl-1'], 'pod-2': ['wl-1', 'wl-2'] },
  bindings: [
    held('node-a/0', 'pod-1'),
    held('node-a/1', 'pod-1', { boundAt: 2_000, releasedAt: 5_000 }),
    held('node-a/1', 'pod-2', { boundAt: 6_000 }),
  ],
};

/** The enrichment of a cluster of two nodes, with bindings that begin and end, for property tests of the wire path. */
export class SmallEnrichment extends Pipeline {
  constructor(rules: EnrichmentRules = RULES, bounds: { cacheBytes?: number; maxSeries?: number } = {}) {
    super(SMALL_CLUSTER, { rules, limits: LIMITS, maxSeries: 50_000, ...bounds });
  }

  /** Enriches a request as the service does; the result is valid until the next call. */
  enrich(request: Buffer): Buffer {
    const { contests } = this.decisions;
    this.batch.reset();
    try {
      this.walker.walk(request, this.batch);
    } catch (error) {
      contests.release(contests.take());
      throw error;
    }
    contests.take();
    return this.batch.series.view();
  }
}
