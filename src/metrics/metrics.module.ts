import { Module, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { METRICS_CONFIG, type MetricsConfig } from '../config/metrics.config.js';
import { HealthRegistry } from '../health/health-registry.js';
import { PodsModule } from '../pods/pods.module.js';
import { DeviceLearning } from './device-learning/device-learning.job.js';
import { LearnedAssociations } from './device-learning/learned-associations.js';
import { EngineUpkeepJob } from './engine-upkeep.job.js';
import { FederationStore } from './federation-store.js';
import { MetricsForwarder, SERIES_SINKS } from './forwarder/forwarder.service.js';
import type { SeriesSink } from './forwarder/series-sink.js';
import { StorageEndpointSink } from './forwarder/storage-endpoint.sink.js';
import { EnrichmentEngine } from './ingest/enrichment-engine.js';
import { RemoteWriteController } from './ingest/remote-write.controller.js';
import { RemoteWriteHandler } from './ingest/remote-write.handler.js';
import { RemoteWriteService } from './ingest/remote-write.service.js';
import { DebugCapture } from './insight/debug-capture.service.js';
import { MetricsInsightController } from './insight/metrics-insight.controller.js';
import { MetricsInsight } from './insight/metrics-insight.service.js';
import { MetricsSelfMetrics } from './self-metrics.js';
import { StaleMarkers } from './stale-markers/stale-markers.service.js';
import { SweepSchedule } from './stale-markers/sweep-schedule.service.js';

/** The storages of the configuration, or memory when there is none. */
async function openSinks(config: MetricsConfig, clock: Clock): Promise<SeriesSink[]> {
  if (config.endpoints.length > 0)
    return Promise.all(config.endpoints.map((endpoint) => StorageEndpointSink.open(endpoint)));
  return [new FederationStore(clock, { maxSeries: config.federateMaxSeries, windowMs: config.federateWindow })];
}

/** What is learned from the series of the engine's cache; it is told of nothing when learning is off. */
function learnedAssociations(engine: EnrichmentEngine, clock: Clock, config: MetricsConfig): LearnedAssociations {
  const { cache, decisions } = engine;
  const limits = {
    expiry: config.learnedDeviceExpiry,
    maxAssociations: config.learnedDevicesMax,
    isLive: cache.isLive.bind(cache),
  };
  const associations = new LearnedAssociations(limits, () => clock.now());
  if (config.learnDevices === 'true') decisions.learner = associations;
  return associations;
}

/** Remote write in, workload-level series out: enrichment, forwarding, and insight into both. */
@Module({
  imports: [PodsModule],
  controllers: [RemoteWriteController, MetricsInsightController],
  providers: [
    MetricsSelfMetrics,
    EnrichmentEngine,
    EngineUpkeepJob,
    DeviceLearning,
    {
      provide: LearnedAssociations,
      useFactory: learnedAssociations,
      inject: [EnrichmentEngine, Clock, METRICS_CONFIG],
    },
    MetricsForwarder,
    { provide: SERIES_SINKS, useFactory: openSinks, inject: [METRICS_CONFIG, Clock] },
    RemoteWriteService,
    RemoteWriteHandler,
    StaleMarkers,
    SweepSchedule,
    DebugCapture,
    MetricsInsight,
  ],
})
export class MetricsModule implements OnModuleInit {
  constructor(
    private readonly health: HealthRegistry,
    private readonly forwarder: MetricsForwarder,
  ) {}

  /** A storage that is away is degraded service, not a reason to take senders' place to knock away from them. */
  onModuleInit(): void {
    this.health.register(
      'storage',
      () => ({
        status: this.forwarder.states.every((state) => state.up) ? 'up' : 'degraded',
        endpoints: this.forwarder.states.map(({ name, up, consecutiveFailures }) => ({
          name,
          up,
          consecutive_failures: consecutiveFailures,
        })),
      }),
      { affectsReadiness: false },
    );
  }
}
