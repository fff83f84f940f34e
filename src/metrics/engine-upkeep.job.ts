import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { METRICS_CONFIG, type MetricsConfig } from '../config/metrics.config.js';
import { EnrichmentEngine } from './ingest/enrichment-engine.js';
import type { MetricActivity } from './metric-activity.js';
import { MetricsSelfMetrics } from './self-metrics.js';

const MINUTE_MS = 60_000;
const GAUGES_MS = 5_000;
/** Dropped entries cleaned up per tick, beside those that additions clean up. */
const COLLECT_PER_TICK = 20_000;

/** Timed work of the enrichment engine: ends the minutes of metric activity, ages the cache of series, shows its size. */
@Injectable()
export class EngineUpkeepJob implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(
    private readonly engine: EnrichmentEngine,
    private readonly metrics: MetricsSelfMetrics,
    private readonly registry: SchedulerRegistry,
    @Inject(METRICS_CONFIG) private readonly config: MetricsConfig,
  ) {}

  onApplicationBootstrap(): void {
    this.every('metrics.activity', MINUTE_MS, () => {
      this.engine.activities.rotate();
    });
    this.every('metrics.cache-rotation', this.config.seriesCacheRotation, () => {
      this.rotateCache();
    });
    this.every('metrics.cache-upkeep', GAUGES_MS, () => {
      this.tidy();
    });
  }

  onModuleDestroy(): void {
    for (const name of this.registry.getIntervals())
      if (name.startsWith('metrics.')) this.registry.deleteInterval(name);
  }

  private every(name: string, ms: number, work: () => void): void {
    this.registry.addInterval(name, setInterval(work, ms));
  }

  private rotateCache(): void {
    this.engine.cache.rotate();
    const used = new Set<MetricActivity>();
    for (const entry of this.engine.cache.entries()) used.add(entry.activity);
    this.engine.activities.retain(used);
  }

  private tidy(): void {
    const { cache } = this.engine;
    cache.collect(COLLECT_PER_TICK);
    this.metrics.cachedSeries.set(cache.size);
    this.metrics.cacheBytes.set(cache.bytes);
    this.metrics.evictions.set(cache.evicted);
  }
}
