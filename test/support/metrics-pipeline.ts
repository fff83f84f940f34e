import type { EnrichmentRules } from '../../src/metrics/core/enrichment-rules.js';
import { OUTCOMES, type Outcome } from '../../src/metrics/core/outcome.js';
import type { LabelLimits } from '../../src/metrics/ingest/label-block.js';
import { OutgoingBatch, recordFeeds } from '../../src/metrics/ingest/outgoing-batch.js';
import { SeriesCache } from '../../src/metrics/ingest/series-cache.js';
import { SeriesDecisions } from '../../src/metrics/ingest/series-decisions.js';
import { SeriesWalker } from '../../src/metrics/ingest/series-walker.js';
import { MetricActivities } from '../../src/metrics/metric-activity.js';
import type { InventoryIndex } from '../../src/pods/core/inventory-index.js';
import type { Stamps } from '../../src/pods/core/stamps.js';
import { inventory, RULES, toRows, type InventorySpec } from './metrics-inventory.js';
import { readRequest, writeRequest, type Metadata, type Series } from './metrics-wire.js';

export interface PipelineOptions {
  readonly rules?: Partial<EnrichmentRules>;
  readonly limits?: Partial<LabelLimits>;
  readonly maxSeries?: number;
  readonly cacheBytes?: number;
}

/** The parts that share the series cache, put together as in the process but without Nest. */
export class Pipeline {
  readonly index: InventoryIndex & { readonly stamps: Stamps };
  readonly cache: SeriesCache;
  readonly decisions: SeriesDecisions;
  readonly walker: SeriesWalker;
  readonly activities = new MetricActivities(100);
  readonly batch = new OutgoingBatch();

  constructor(spec: InventorySpec, { rules, limits, maxSeries = 1_000, cacheBytes = 2 ** 26 }: PipelineOptions = {}) {
    this.index = inventory(spec);
    this.cache = new SeriesCache(cacheBytes);
    this.decisions = new SeriesDecisions(
      this.cache,
      () => this.index,
      this.index.stamps,
      { ...RULES, ...rules },
      {
        limits: { maxLabelsPerSeries: 100, maxLabelNameBytes: 100, maxLabelValueBytes: 1_000, ...limits },
        activities: this.activities,
      },
    );
    this.walker = new SeriesWalker(this.cache, this.decisions, maxSeries);
  }

  change(spec: InventorySpec): void {
    this.index.apply(toRows(spec));
  }

  /** Walks a request; the result is what would be sent to storages. */
  take(...all: Series[]): Series[] {
    return this.walk(writeRequest(all)).series;
  }

  walk(request: Buffer): { bytes: Buffer; series: Series[]; metadata: Metadata[] } {
    this.batch.reset();
    this.walker.walk(request, this.batch);
    const bytes = this.batch.series.copy();
    return { bytes, ...readRequest(bytes) };
  }

  /** What the last request's samples and histograms became, zeros left out. */
  get counts(): Partial<Record<Outcome, number>> {
    const counts: Partial<Record<Outcome, number>> = {};
    OUTCOMES.forEach((outcome, i) => {
      const count = this.batch.counts[i] ?? 0;
      if (count > 0) counts[outcome] = count;
    });
    return counts;
  }

  /** The storage has accepted the last request. */
  accept(): void {
    this.decisions.contests.take();
    recordFeeds(this.batch.feeds);
  }

  /** The storage has not accepted the last request. */
  refuse(): void {
    this.decisions.contests.release(this.decisions.contests.take());
  }
}
