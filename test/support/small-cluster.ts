/** A cluster of two nodes, with bindings that begin and end, and the enrichment parts around it, for tests of the wire path. */
import type { EnrichmentRules } from '../../src/metrics/core/enrichment-rules.js';
import { OutgoingBatch } from '../../src/metrics/ingest/outgoing-batch.js';
import { SeriesCache } from '../../src/metrics/ingest/series-cache.js';
import { SeriesDecisions } from '../../src/metrics/ingest/series-decisions.js';
import { SeriesWalker } from '../../src/metrics/ingest/series-walker.js';
import { MetricActivities } from '../../src/metrics/metric-activity.js';
import { InventoryIndex } from '../../src/pods/core/inventory-index.js';
import { Stamps } from '../../src/pods/core/stamps.js';

export const LIMITS = { maxLabelsPerSeries: 24, maxLabelNameBytes: 64, maxLabelValueBytes: 128 };

export const RULES: EnrichmentRules = {
  nodeLabels: ['node', 'hostname'],
  devices: [{ deviceClass: 'gpu', labels: ['gpu_id'], families: ['gpu_'], uuidLabels: [] }],
  exporterPodLabels: [],
  graceMs: 500,
  maxWorkloadsPerPod: 16,
  namePrefix: 'workload_',
  job: 'telemetry',
  forwardUnmatched: false,
};

/** node-a: GPU 0 is held by pod-1 for good, GPU 1 by pod-1 from 2000 to 5000 and by pod-2 from 6000. pod-2 has two workloads. */
export function smallInventory(stamps: Stamps): InventoryIndex {
  const index = new InventoryIndex(stamps);
  const binding = (id: string, key: string, podUid: string, boundAt: number | null, releasedAt: number | null) => ({
    ...{ id, node: 'node-a', kind: 'gpu' as const, key, uuid: null, serial: null },
    ...{ podUid, boundAt, releasedAt, withdrawn: false },
  });
  index.apply({
    nodes: ['node-a', 'node-b'].map((name) => ({ name, addresses: [], removedAt: null })),
    workloads: ['wl-1', 'wl-2'].map((uid) => ({
      ...{ uid, name: `job ${uid}`, namespace: 'ml', kind: 'PyTorchJob', removedAt: null },
    })),
    pods: ['pod-1', 'pod-2'].map((uid) => ({
      ...{ uid, name: `${uid}-näme`, namespace: 'ml', nodeName: 'node-a', podIp: null },
      ...{ startedAt: null, endedAt: null, ownersKnown: true },
    })),
    podWorkloads: [
      { podUid: 'pod-1', workloadUid: 'wl-1', removedAt: null },
      { podUid: 'pod-2', workloadUid: 'wl-1', removedAt: null },
      { podUid: 'pod-2', workloadUid: 'wl-2', removedAt: null },
    ],
    bindings: [
      binding('1', '0', 'pod-1', null, null),
      binding('2', '1', 'pod-1', 2_000, 5_000),
      binding('3', '1', 'pod-2', 6_000, null),
    ],
  });
  return index;
}

/** Walker, cache and decisions over the small inventory. */
export class SmallEnrichment {
  readonly stamps = new Stamps();
  readonly index = smallInventory(this.stamps);
  readonly cache: SeriesCache;
  readonly decisions: SeriesDecisions;
  readonly walker: SeriesWalker;
  readonly batch = new OutgoingBatch();

  constructor(
    readonly rules: EnrichmentRules = RULES,
    bounds: { cacheBytes?: number; maxSeries?: number } = {},
  ) {
    this.cache = new SeriesCache(bounds.cacheBytes ?? 64 << 20);
    const context = { limits: LIMITS, activities: new MetricActivities(1_000) };
    this.decisions = new SeriesDecisions(this.cache, () => this.index, this.stamps, rules, context);
    this.walker = new SeriesWalker(this.cache, this.decisions, bounds.maxSeries ?? 50_000);
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
