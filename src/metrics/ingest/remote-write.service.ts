import { Inject, Injectable } from '@nestjs/common';
import { DomainError, InvalidRequest, Unavailable } from '../../common/domain-error.js';
import { METRICS_CONFIG, type MetricsConfig } from '../../config/metrics.config.js';
import { InventoryCache } from '../../pods/cache/inventory-cache.service.js';
import { PayloadLimitExceeded } from '../../wire/malformed-payload.js';
import type { HeldBlock } from '../../wire/snappy-block-writer.js';
import { DecompressionBuffer } from '../../wire/snappy.js';
import { zstdUncompress } from '../../wire/zstd.js';
import { OUTCOME_INDEX, OUTCOMES } from '../core/outcome.js';
import { MetricsForwarder } from '../forwarder/forwarder.service.js';
import { MetricsSelfMetrics } from '../self-metrics.js';
import { EnrichmentEngine } from './enrichment-engine.js';
import { OutgoingBatch, recordFeeds, type DataCounts, type Feeds } from './outgoing-batch.js';
import type { RemoteWriteFormat } from './remote-write-format.js';
import { countSeries, tooManySeries } from './series-limit.js';
import { transcodeV2 } from './transcode-v2.js';

/** Output compressed at a time: as large as a fragment of snappy's and small enough to stay in the processor's cache. */
const PIECE_BYTES = 64 * 1024;

/** How many samples, histograms and exemplars of a request count as written. (Remote Write 2.0, response headers) */
export type Written = DataCounts;

/** Some data of a 2.0 request break the rules; the valid rest has been stored. `written` says how much that is. */
export class PartlyInvalid extends DomainError {
  readonly code = 'invalid_series';
  readonly status = 400;
  readonly title = 'Invalid series';

  constructor(
    message: string,
    readonly written: Written,
  ) {
    super(message);
  }
}

/** What a request turned into, independent of the reused batch. */
interface Enriched {
  readonly requests: readonly HeldBlock[];
  readonly counts: Float64Array;
  readonly received: DataCounts;
  readonly invalid: DataCounts;
  readonly invalidReason: string | undefined;
  readonly emittedSeries: number;
  readonly feeds: Feeds;
  readonly claims: ReturnType<EnrichmentEngine['decisions']['contests']['take']>;
}

/**
 * Takes remote-write requests: decompresses, enriches, forwards, and only then says that all is safe.
 */
@Injectable()
export class RemoteWriteService {
  private readonly batch: OutgoingBatch;
  private readonly memory = new DecompressionBuffer();
  private readonly retry: { retryAfterSeconds: number };

  constructor(
    private readonly engine: EnrichmentEngine,
    private readonly forwarder: MetricsForwarder,
    private readonly inventory: InventoryCache,
    private readonly metrics: MetricsSelfMetrics,
    @Inject(METRICS_CONFIG) private readonly config: MetricsConfig,
  ) {
    this.batch = new OutgoingBatch(PIECE_BYTES, engine.deltas);
    this.retry = { retryAfterSeconds: config.retryAfter / 1000 };
  }

  /** @throws Unavailable before the first look at the inventory: enriching without it would drop everything */
  assertReady(): void {
    if (!this.inventory.synced) throw new Unavailable('the inventory has not been read yet', this.retry);
  }

  /**
   * Takes one request.
   * @throws MalformedPayload, PayloadLimitExceeded, InvalidRequest, PartlyInvalid: the request is at fault and not to be repeated
   * @throws Unavailable: the same request should be sent again
   */
  async take(body: Buffer, format: RemoteWriteFormat): Promise<Written> {
    const enriched = this.enrich(this.decode(body, format));
    const rejected = await this.forward(enriched);
    recordFeeds(enriched.feeds);
    this.count(enriched, rejected);
    return this.reply(enriched, format);
  }

  private decode(body: Buffer, { encoding, version }: RemoteWriteFormat): Buffer {
    const { maxDecompressedBytes: limit } = this.config;
    const uncompress = encoding === 'zstd' ? zstdUncompress : this.memory.uncompress.bind(this.memory);
    const request = uncompress(body, limit, 'METRICS_MAX_DECOMPRESSED_BYTES');
    return version === 2 ? transcodeV2(request, this.config) : request;
  }

  /**
   * Synchronous from beginning to end: the batch is reused, and nothing may see half of it. The one limit that the walk
   * itself holds is the number of series.
   */
  private enrich(request: Buffer): Enriched {
    const { batch, engine } = this;
    batch.reset();
    try {
      engine.walker.walk(request, batch);
    } catch (error) {
      engine.decisions.contests.release(engine.decisions.contests.take());
      const limit = this.config.maxSeriesPerRequest;
      if (error instanceof PayloadLimitExceeded) throw tooManySeries(countSeries(request), limit);
      throw error;
    }
    return {
      requests: batch.finish(),
      counts: batch.counts.slice(),
      received: { ...batch.received },
      invalid: { ...batch.invalid },
      invalidReason: batch.firstInvalid,
      emittedSeries: batch.emittedSeries,
      feeds: batch.feeds,
      claims: engine.decisions.contests.take(),
    };
  }

  /** Forwards in order; returns how many samples storages refused for good. */
  private async forward(enriched: Enriched): Promise<number> {
    let rejected = 0;
    const deadline = this.forwarder.deadline();
    for (const request of enriched.requests) {
      const result = await this.forwarder.forward(request.bytes, (piece) => this.engine.isStored(piece), deadline);
      if (!result.accepted) {
        this.engine.decisions.contests.release(enriched.claims);
        this.count(deferred(enriched), 0);
        throw new Unavailable(`storage does not accept: ${result.detail}`, this.retry);
      }
      if (result.readInFull) request.release();
      rejected += result.rejected;
    }
    return rejected;
  }

  private count({ counts, received, emittedSeries }: Enriched, rejectedData: number): void {
    const emitted = counts[OUTCOME_INDEX.emitted] ?? 0;
    // Storages count output samples, of which one input sample may have several.
    const rejected = Math.min(rejectedData, emitted);
    counts[OUTCOME_INDEX.emitted] = emitted - rejected;
    counts[OUTCOME_INDEX.rejected] = rejected;
    this.metrics.received.inc(received.samples + received.histograms);
    this.metrics.series.inc(emittedSeries);
    OUTCOMES.forEach((outcome, i) => {
      const count = counts[i] ?? 0;
      if (count > 0) this.metrics.samples.inc({ outcome }, count);
    });
  }

  private reply({ received, invalid, invalidReason }: Enriched, { version }: RemoteWriteFormat): Written {
    const written = {
      samples: received.samples - invalid.samples,
      histograms: received.histograms - invalid.histograms,
      exemplars: received.exemplars - invalid.exemplars,
    };
    if (invalidReason === undefined) return written;
    if (version === 2) throw new PartlyInvalid(`some series are invalid, the first: ${invalidReason}`, written);
    const nothingValid = written.samples + written.histograms + written.exemplars === 0;
    if (nothingValid) throw new InvalidRequest(`no series of the request is valid, the first: ${invalidReason}`);
    return written;
  }
}

/** The same request with everything that was to be handed on counted as put off. */
function deferred(enriched: Enriched): Enriched {
  const counts = enriched.counts.slice();
  const put = ['emitted', 'forwarded'] as const;
  for (const outcome of put) {
    const index = OUTCOME_INDEX[outcome];
    counts[OUTCOME_INDEX.deferred] = (counts[OUTCOME_INDEX.deferred] ?? 0) + (counts[index] ?? 0);
    counts[index] = 0;
  }
  return { ...enriched, counts, emittedSeries: 0 };
}
