import { setImmediate } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { ProtobufWriter } from '../../wire/protobuf-writer.js';
import { snappyCompress } from '../../wire/snappy.js';
import { STALE_NAN_HIGH, STALE_NAN_LOW } from '../core/sample-value.js';
import { MetricsForwarder } from '../forwarder/forwarder.service.js';
import { EnrichmentEngine } from '../ingest/enrichment-engine.js';
import type { EndedOutput } from '../ingest/series-decisions.js';
import { MetricsSelfMetrics } from '../self-metrics.js';
import { EndedBindings } from './ended-bindings.js';
import { SweepSchedule } from './sweep-schedule.service.js';

/** Markers sent in one request. */
const PER_REQUEST = 5_000;
/** Markers kept while the storage does not accept; the oldest are given up first, after five minutes they are needless. */
const MAX_WAITING = 100_000;

/**
 * Ends workload-level series whose binding has ended with a stale marker, so that dashboards do not show ghosts for the
 * five minutes of PromQL's lookback. Looks once per cache refresh interval, and an end is closed at the second look.
 */
@Injectable()
export class StaleMarkers implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(StaleMarkers.name);
  private readonly bindings: EndedBindings;
  private waiting: EndedOutput[] = [];
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly engine: EnrichmentEngine,
    private readonly forwarder: MetricsForwarder,
    private readonly schedule: SweepSchedule,
    private readonly clock: Clock,
    private readonly metrics: MetricsSelfMetrics,
  ) {
    this.bindings = new EndedBindings(engine);
  }

  onApplicationBootstrap(): void {
    this.schedule.start(() => {
      this.running = this.running
        .then(() => this.run())
        .catch((error: unknown) => {
          this.logger.error({ err: error }, 'sending stale markers failed');
        });
    });
  }

  async onModuleDestroy(): Promise<void> {
    this.schedule.stop();
    await this.running;
  }

  /** One sweep: finds ended outputs and sends their markers, with those that could not be sent before. */
  async run(): Promise<void> {
    const moved = this.engine.decisions.ended;
    this.engine.decisions.ended = [];
    const swept = await this.bindings.sweep(this.clock.now(), () => setImmediate());
    const all = [...this.waiting, ...moved, ...swept].filter((output) => !this.isFedAgain(output));
    this.waiting = [];
    this.metrics.staleMarkers.inc({ result: 'given_up' }, Math.max(0, all.length - MAX_WAITING));
    const due = all.slice(-MAX_WAITING);
    for (let i = 0; i < due.length; i += PER_REQUEST) await this.send(due.slice(i, i + PER_REQUEST));
  }

  /** Whether another series has come to feed the output since: then it has not ended. */
  private isFedAgain({ labels, lastTimestamp }: EndedOutput): boolean {
    const feeder = this.engine.cache.feederOfBlock(labels, 0, labels.length);
    return feeder !== undefined && !feeder.lastStale && feeder.lastTimestamp > lastTimestamp;
  }

  private async send(outputs: EndedOutput[]): Promise<void> {
    const request = snappyCompress(staleMarkers(outputs, this.clock.now()));
    const result = await this.forwarder.forward(request, () => false);
    if (result.accepted) this.metrics.staleMarkers.inc({ result: 'sent' }, outputs.length);
    else this.waiting.push(...outputs);
  }
}

/** A WriteRequest with one stale marker for each output, at `now` or just after its last sample. */
function staleMarkers(outputs: readonly EndedOutput[], now: number): Buffer {
  const request = new ProtobufWriter();
  const series = new ProtobufWriter();
  const sample = new ProtobufWriter(32);
  for (const { labels, lastTimestamp } of outputs) {
    sample.reset();
    sample.varint(0x09);
    sample.raw(STALE_BITS);
    sample.varint(0x10);
    sample.int64(Math.max(now, lastTimestamp + 1));
    series.reset();
    series.raw(labels);
    series.bytesField(0x12, sample.view());
    request.bytesField(0x0a, series.view());
  }
  return request.view();
}

/** The marker as bytes: as a number it would not survive every way through JavaScript. */
const STALE_BITS = Buffer.alloc(8);
STALE_BITS.writeUInt32LE(STALE_NAN_LOW, 0);
STALE_BITS.writeUInt32LE(STALE_NAN_HIGH, 4);
