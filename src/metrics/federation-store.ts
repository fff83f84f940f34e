import { METRIC_NAME, type Label } from '../common/label-set.js';
import { ProtobufReader } from '../wire/protobuf-reader.js';
import { snappyUncompress } from '../wire/snappy.js';
import type { Clock } from '../common/clock.js';
import type { PushResult, SeriesSink } from './forwarder/series-sink.js';
import { fieldSpans } from './forwarder/split-request.js';
import { LABEL_TAG, readLabelBlock } from './ingest/label-block.js';
import { isStaleMarker } from './ingest/sample-bytes.js';

/** The newest sample of one enriched series. */
export interface FederatedSample {
  readonly labels: readonly Label[];
  readonly value: number;
  /** ms */
  readonly timestamp: number;
}

interface Stored {
  readonly labelBlock: Buffer;
  value: number;
  timestamp: number;
  /** When it arrived, ms. */
  seenAt: number;
}

const NO_LIMITS = { maxLabelsPerSeries: Infinity, maxLabelNameBytes: Infinity, maxLabelValueBytes: Infinity };
const OWN_REQUEST_LIMIT = 2 ** 31;
/** At the bound, a search for aged series is worth its cost only now and then. */
const EXPIRE_EVERY_MS = 1_000;
/** How far a sample's time may be ahead of ours, ms. */
const MAX_AHEAD_MS = 10 * 60_000;

/**
 * Keeps the newest sample of each enriched series in memory when no storage is configured, bounded in number and age, for
 * `GET /v1/metrics/federate`. At the bound, series not seen yet are refused a place until others have aged.
 */
export class FederationStore implements SeriesSink {
  readonly name = 'memory';
  private readonly series = new Map<string, Stored>();
  private expiredAt = 0;
  /** Series that found no place. */
  overflowed = 0;

  constructor(
    private readonly clock: Clock,
    private readonly options: { maxSeries: number; windowMs: number },
  ) {}

  push(compressed: Buffer): Promise<PushResult> {
    const request = snappyUncompress(compressed, OWN_REQUEST_LIMIT, 'own request');
    const now = this.clock.now();
    for (const { start, end } of fieldSpans(request)) if (request[start] === 0x0a) this.take(request, start, end, now);
    return Promise.resolve({ kind: 'accepted' });
  }

  close(): Promise<void> {
    this.series.clear();
    return Promise.resolve();
  }

  /** Series seen within the window, grouped by metric name. */
  read(): FederatedSample[] {
    this.expire(this.clock.now());
    const samples: FederatedSample[] = [];
    for (const { labelBlock, value, timestamp } of this.series.values()) {
      const block = readLabelBlock(labelBlock, 0, labelBlock.length, NO_LIMITS);
      if ('labels' in block) samples.push({ labels: block.labels, value, timestamp });
    }
    return samples.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0));
  }

  private take(request: Buffer, start: number, end: number, now: number): void {
    const reader = new ProtobufReader(request, start, end);
    reader.tag();
    reader.length();
    const labelsStart = reader.pos;
    let labelsEnd = labelsStart;
    const view = new DataView(request.buffer, request.byteOffset, request.length);
    while (!reader.done) {
      const tag = reader.tag();
      if (tag === 0x12) this.sample(request.subarray(labelsStart, labelsEnd), reader, view, now);
      else reader.skip(tag);
      if (tag === LABEL_TAG) labelsEnd = reader.pos;
    }
  }

  private sample(labelBlock: Buffer, reader: ProtobufReader, view: DataView, now: number): void {
    const outer = reader.end;
    const length = reader.length();
    reader.end = reader.pos + length;
    let value = 0;
    let timestamp = 0;
    let stale = false;
    while (!reader.done) {
      const tag = reader.tag();
      if (tag === 0x09) {
        value = reader.double();
        stale = isStaleMarker(view, reader.pos - 8);
      } else if (tag === 0x10) timestamp = reader.int64();
      else reader.skip(tag);
    }
    reader.end = outer;
    this.store(labelBlock, { value, timestamp, stale }, now);
  }

  private store(labelBlock: Buffer, sample: { value: number; timestamp: number; stale: boolean }, now: number): void {
    const key = labelBlock.toString('latin1');
    // A time far ahead would hide every real sample after it. (Prometheus refuses the same)
    if (sample.timestamp > now + MAX_AHEAD_MS) return;
    const known = this.series.get(key);
    if (known !== undefined && sample.timestamp < known.timestamp) return;
    if (sample.stale) {
      this.series.delete(key);
      return;
    }
    if (known !== undefined) {
      Object.assign(known, { value: sample.value, timestamp: sample.timestamp, seenAt: now });
      return;
    }
    if (this.series.size >= this.options.maxSeries && now - this.expiredAt > EXPIRE_EVERY_MS) this.expire(now);
    if (this.series.size >= this.options.maxSeries) this.overflowed++;
    else
      this.series.set(key, {
        labelBlock: Buffer.from(labelBlock),
        value: sample.value,
        timestamp: sample.timestamp,
        seenAt: now,
      });
  }

  private expire(now: number): void {
    this.expiredAt = now;
    for (const [key, { seenAt }] of this.series) if (now - seenAt > this.options.windowMs) this.series.delete(key);
  }
}

function nameOf(sample: FederatedSample): string {
  return sample.labels.find((label) => label.name === METRIC_NAME)?.value ?? '';
}
