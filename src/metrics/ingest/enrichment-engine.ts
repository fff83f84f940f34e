import { Inject, Injectable } from '@nestjs/common';
import { METRICS_CONFIG, type MetricsConfig } from '../../config/metrics.config.js';
import { PODS_CONFIG, type PodsConfig } from '../../config/pods.config.js';
import { InventoryCache } from '../../pods/cache/inventory-cache.service.js';
import { ProtobufReader } from '../../wire/protobuf-reader.js';
import { enrichmentRules } from '../enrichment-rules.js';
import { MetricActivities } from '../metric-activity.js';
import { LABEL_TAG } from './label-block.js';
import { readHistogram } from './native-histogram.js';
import { OutputDeltas } from './output-deltas.js';
import { SeriesCache } from './series-cache.js';
import { SeriesDecisions } from './series-decisions.js';
import { SeriesWalker } from './series-walker.js';

/** The parts of enrichment that share the cache of series: one of each in the process. */
@Injectable()
export class EnrichmentEngine {
  readonly cache: SeriesCache;
  readonly decisions: SeriesDecisions;
  readonly walker: SeriesWalker;
  readonly deltas: OutputDeltas;
  readonly activities: MetricActivities;

  constructor(
    inventory: InventoryCache,
    @Inject(METRICS_CONFIG) config: MetricsConfig,
    @Inject(PODS_CONFIG) pods: PodsConfig,
  ) {
    this.activities = new MetricActivities(config.activeMaxNames);
    this.cache = new SeriesCache(config.seriesCacheBytes);
    this.deltas = new OutputDeltas(this.cache);
    const rules = enrichmentRules(config, pods.gracePeriod);
    const context = { limits: config, activities: this.activities };
    this.decisions = new SeriesDecisions(this.cache, () => inventory.view(), inventory.stamps, rules, context);
    this.walker = new SeriesWalker(this.cache, this.decisions, config.maxSeriesPerRequest);
  }

  /** Whether the one sample in a request is not newer than what its series has had accepted before. */
  isStored(request: Buffer): boolean {
    const reader = new ProtobufReader(request);
    if (request.length === 0 || reader.tag() !== LABEL_TAG) return false;
    reader.length();
    const labelsStart = reader.pos;
    let labelsEnd = labelsStart;
    let timestamp = Infinity;
    while (!reader.done) {
      const tag = reader.tag();
      if (tag === 0x12) timestamp = sampleTime(reader);
      else if (tag === 0x22) timestamp = histogramTime(reader);
      else reader.skip(tag);
      if (tag === LABEL_TAG) labelsEnd = reader.pos;
    }
    const feeder = this.cache.feederOfBlock(request, labelsStart, labelsEnd - labelsStart);
    return feeder !== undefined && timestamp <= feeder.lastTimestamp;
  }
}

function sampleTime(reader: ProtobufReader): number {
  const length = reader.length();
  const nested = new ProtobufReader(reader.bytes, reader.pos, reader.pos + length);
  reader.pos += length;
  let timestamp = 0;
  while (!nested.done) {
    const tag = nested.tag();
    if (tag === 0x10) timestamp = nested.int64();
    else nested.skip(tag);
  }
  return timestamp;
}

function histogramTime(reader: ProtobufReader): number {
  const length = reader.length();
  const start = reader.pos;
  reader.pos += length;
  return readHistogram(reader.bytes, start, reader.pos).timestamp;
}
