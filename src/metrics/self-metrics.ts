import { Injectable } from '@nestjs/common';
import { counter, gauge, histogram } from '../observability/instruments.js';

const PREFIX = 'primus_lens_telemetry_processor_metrics_';

/** What the metrics path measures about itself. */
@Injectable()
export class MetricsSelfMetrics {
  readonly requests = counter({
    name: `${PREFIX}requests_total`,
    help: 'Remote-write requests by protocol version and HTTP status',
    labelNames: ['version', 'status'],
  });
  readonly received = counter({
    name: `${PREFIX}received_samples_total`,
    help: 'Samples and native histograms received; equals the sum of samples_total over its outcomes',
  });
  readonly samples = counter({
    name: `${PREFIX}samples_total`,
    help: 'Received samples and native histograms by what became of them',
    labelNames: ['outcome'],
  });
  readonly series = counter({
    name: `${PREFIX}emitted_series_total`,
    help: 'Workload-level series sent on, one for each workload and request',
  });
  readonly cachedSeries = gauge({ name: `${PREFIX}cached_series`, help: 'Distinct series whose decisions are cached' });
  readonly cacheBytes = gauge({ name: `${PREFIX}series_cache_bytes`, help: 'Estimated memory of the series cache' });
  readonly evictions = gauge({
    name: `${PREFIX}series_cache_evicted_total`,
    help: 'Series dropped from the cache, unused or for want of room',
  });
  readonly staleMarkers = counter({
    name: `${PREFIX}stale_markers_total`,
    help: 'Stale markers for workload-level series whose binding ended',
    labelNames: ['result'],
  });
  readonly learnedAssociations = gauge({
    name: `${PREFIX}learned_associations`,
    help: 'Pairs of a device and a pod that series in the cache name',
  });
  readonly refusedAssociations = gauge({
    name: `${PREFIX}learned_associations_refused_total`,
    help: 'Such pairs not watched for want of room',
  });
  readonly learnedBindings = counter({
    name: `${PREFIX}learned_bindings_total`,
    help: 'Device bindings learned from series, by what was done',
    labelNames: ['result'],
  });
  readonly pushes = counter({
    name: `${PREFIX}storage_pushes_total`,
    help: 'Requests to storages by result',
    labelNames: ['endpoint', 'result'],
  });
  readonly pushSeconds = histogram({
    name: `${PREFIX}storage_push_duration_seconds`,
    help: 'Time until a storage answered',
    labelNames: ['endpoint'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  });
  readonly rejected = counter({
    name: `${PREFIX}storage_rejected_samples_total`,
    help: 'Samples that a storage refused alone, after bisecting their request',
    labelNames: ['endpoint'],
  });
  readonly storageUp = gauge({
    name: `${PREFIX}storage_up`,
    help: 'Whether the last request to the storage was answered as it should be (1) or not (0)',
    labelNames: ['endpoint'],
  });
  readonly inFlightBytes = gauge({ name: `${PREFIX}in_flight_bytes`, help: 'Memory taken by requests in work' });
}
