import { PayloadLimitExceeded } from '../../wire/malformed-payload.js';
import { ProtobufReader } from '../../wire/protobuf-reader.js';
import { ProtobufWriter } from '../../wire/protobuf-writer.js';
import { LABEL_TAG } from './label-block.js';
import { writeMetadata } from './metric-metadata.js';
import type { OutgoingBatch } from './outgoing-batch.js';
import { droppedAs, isStaleMarker } from './sample-bytes.js';
import type { SeriesCache } from './series-cache.js';
import type { SeriesDecisions } from './series-decisions.js';
import type { SeriesEntry } from './series-entry.js';
import { SeriesItems } from './series-items.js';
import { sameBytes } from './slab.js';

/*
 * WriteRequest: timeseries 1 TimeSeries, metadata 3 MetricMetadata
 * TimeSeries:   labels 1 Label, samples 2 Sample, exemplars 3 Exemplar, histograms 4 Histogram
 * Sample:       value 1 double, timestamp 2 int64 (ms)
 * (Remote Write 1.0, prompb/remote.proto and types.proto)
 */
const SERIES = 0x0a;
const METADATA = 0x1a;
const SAMPLE = 0x12;
const SAMPLE_VALUE = 0x09;
const SAMPLE_TIMESTAMP = 0x10;

/**
 * HOT PATH (docs/hot-paths.md). Walks the bytes of a 1.0 WriteRequest and appends what becomes of it to an OutgoingBatch.
 * A series costs one comparison of its label bytes with those of the series that followed last time, a look at each
 * sample's value and time, and one copy per output; samples are never decoded into objects. What does not fit that pattern
 * (several field kinds, values to drop, times outside the decision's span, contested outputs) goes to SeriesItems.
 * The walker is not re-entrant: one `walk` at a time, which is synchronous.
 */
export class SeriesWalker {
  private bytes: Buffer = Buffer.alloc(0);
  private view = new DataView(this.bytes.buffer);
  private readonly items: SeriesItems;
  private last: SeriesEntry | null = null;
  private first: SeriesEntry | null = null;
  private labelsEnd = 0;

  constructor(
    private readonly cache: SeriesCache,
    private readonly decisions: SeriesDecisions,
    private readonly maxSeries: number,
  ) {
    this.items = new SeriesItems(decisions);
  }

  /**
   * @param bytes decompressed request; only read during the call
   * @throws MalformedPayload, PayloadLimitExceeded; the batch is then to be thrown away
   */
  walk(bytes: Buffer, batch: OutgoingBatch): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.last = null;
    const reader = new ProtobufReader(bytes);
    while (!reader.done) {
      const tag = reader.tag();
      if (tag === SERIES) {
        const length = reader.length();
        if (++batch.receivedSeries > this.maxSeries) {
          throw new PayloadLimitExceeded(
            'METRICS_MAX_SERIES_PER_REQUEST',
            this.maxSeries,
            `more than ${this.maxSeries}`,
            'series in the request',
          );
        }
        this.series(reader.pos, reader.pos + length, batch);
        reader.pos += length;
      } else if (tag === METADATA) {
        const length = reader.length();
        writeMetadata(bytes, reader.pos, reader.pos + length, this.decisions.rules, batch);
        reader.pos += length;
      } else {
        reader.skip(tag);
      }
    }
  }

  private series(start: number, end: number, batch: OutgoingBatch): void {
    const entry = this.locate(start, end);
    if (entry.fastEpoch !== this.decisions.stamps.epoch) this.revalidate(entry);
    const { bytes, labelsEnd } = this;
    const from = entry.fastFrom * 1000;
    const to = entry.fastTo * 1000;
    // A series that the request holds twice could give an output two samples of one time.
    let plain = this.decisions.capture === undefined && batch.feeds.entries[entry.feedPosition] !== entry;
    let previous = -1;
    let pos = labelsEnd;
    let samples = 0;
    let timestamp = 0;
    let valueAt = -1;
    while (plain && pos < end) {
      // One-byte lengths only: a Sample message of both fields takes at most 20 bytes.
      const sampleEnd = pos + 2 + (bytes[pos + 1] ?? 0x80);
      if (bytes[pos] !== SAMPLE || sampleEnd > end || (bytes[pos + 1] ?? 0x80) >= 0x80) break;
      pos += 2;
      valueAt = -1;
      if (bytes[pos] === SAMPLE_VALUE && pos + 9 <= sampleEnd) {
        valueAt = pos + 1;
        pos += 9;
        // Below 0x41 in its highest byte a value is neither negative nor as large as a sentinel.
        if ((bytes[valueAt + 7] ?? 0) >= 0x41) plain = !this.isDropped(valueAt, entry.fastSentinels);
      }
      timestamp = 0;
      if (pos < sampleEnd && bytes[pos] === SAMPLE_TIMESTAMP) {
        pos++;
        let scale = 1;
        let byte = 0x80;
        // Eight bytes carry 56 bits; negative times take ten and leave the pattern.
        for (let i = 0; i < 8 && byte >= 0x80 && pos < sampleEnd; i++) {
          byte = bytes[pos++] ?? 0;
          timestamp += (byte & 0x7f) * scale;
          scale *= 128;
        }
        if (byte >= 0x80) plain = false;
      }
      if (pos !== sampleEnd || timestamp < from || timestamp >= to || timestamp <= previous) plain = false;
      previous = timestamp;
      samples++;
    }
    if (!plain || pos !== end || samples === 0) {
      this.irregular(entry, start, end, batch);
      return;
    }
    batch.received.samples += samples;
    batch.counts[entry.fastOutcome] = (batch.counts[entry.fastOutcome] ?? 0) + samples;
    entry.activity.counts[entry.fastOutcome] = (entry.activity.counts[entry.fastOutcome] ?? 0) + samples;
    if (entry.fastOutput === null) return;
    batch.emitCached(entry, entry.fastOutput, bytes, labelsEnd, end);
    batch.feed(entry, timestamp, valueAt >= 0 && isStaleMarker(this.view, valueAt));
  }

  private isDropped(valueAt: number, sentinels: boolean): boolean {
    return droppedAs(this.view.getFloat64(valueAt, true), sentinels) >= 0;
  }

  /** Makes a decision cover no time when the inventory has changed under it, so that a sample asks for a new one. */
  private revalidate(entry: SeriesEntry): void {
    const { stamps } = this.decisions;
    const { decision } = entry;
    if (decision.invalid !== undefined) return;
    if (stamps.sum(decision.reads) === decision.stampSum) decision.epoch = entry.fastEpoch = stamps.epoch;
    else entry.void();
  }

  /** A series that does not fit the fast pattern. */
  private irregular(entry: SeriesEntry, start: number, end: number, batch: OutgoingBatch): void {
    const reordered = labelsFirst(this.bytes, start, this.labelsEnd, end);
    if (reordered === undefined) {
      this.items.process(entry, this.bytes, this.labelsEnd, end, batch);
      return;
    }
    const { bytes, view } = this;
    this.bytes = reordered;
    this.view = new DataView(reordered.buffer, reordered.byteOffset, reordered.length);
    this.series(0, reordered.length, batch);
    this.bytes = bytes;
    this.view = view;
  }

  /** Finds or makes the entry of the series in [start, end) and sets `labelsEnd`. */
  private locate(start: number, end: number): SeriesEntry {
    const { cache, last } = this;
    const guess = last === null ? this.first : last.follower;
    if (guess !== null && guess.generation >= cache.oldestGeneration) {
      const labelsEnd = start + guess.length;
      if (
        labelsEnd <= end &&
        (labelsEnd === end || this.bytes[labelsEnd] !== LABEL_TAG) &&
        guess.length > 0 &&
        sameBytes(guess.slab.bytes, guess.offset, this.bytes, start, guess.length)
      ) {
        if (guess.generation !== cache.currentGeneration) cache.promote(guess);
        this.labelsEnd = labelsEnd;
        return this.follow(guess);
      }
    }
    this.labelsEnd = this.endOfLabels(start, end);
    const length = this.labelsEnd - start;
    const entry =
      cache.find(this.bytes, this.view, start, length) ?? this.decisions.remember(this.bytes, this.view, start, length);
    return this.follow(entry);
  }

  private follow(entry: SeriesEntry): SeriesEntry {
    if (this.last === null) this.first = entry;
    else this.last.follower = entry;
    this.last = entry;
    return entry;
  }

  /** End of the run of label fields that a series starts with. */
  private endOfLabels(start: number, end: number): number {
    const labels = new ProtobufReader(this.bytes, start, end);
    while (labels.pos < end && this.bytes[labels.pos] === LABEL_TAG) {
      labels.pos++;
      const length = labels.length();
      labels.pos += length;
    }
    return labels.pos;
  }
}

/**
 * Protobuf lets fields of a message come in any order, though no known sender makes use of it. Returns the series with its
 * label fields moved to the front, or undefined when they are there already.
 */
function labelsFirst(bytes: Buffer, start: number, labelsEnd: number, end: number): Buffer | undefined {
  if (!hasLabels(bytes, labelsEnd, end)) return undefined;
  const reader = new ProtobufReader(bytes, labelsEnd, end);
  const labels = new ProtobufWriter();
  const rest = new ProtobufWriter();
  while (!reader.done) {
    const at = reader.pos;
    const tag = reader.tag();
    reader.skip(tag);
    if (tag !== LABEL_TAG) rest.raw(bytes, at, reader.pos);
    else writeCanonically(labels, bytes, at, reader.pos);
  }
  return Buffer.concat([bytes.subarray(start, labelsEnd), labels.view(), rest.view()]);
}

function hasLabels(bytes: Buffer, start: number, end: number): boolean {
  const reader = new ProtobufReader(bytes, start, end);
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === LABEL_TAG) return true;
    reader.skip(tag);
  }
  return false;
}

/** Writes a label field with the shortest tag, which is what the search for labels goes by. */
function writeCanonically(labels: ProtobufWriter, bytes: Buffer, start: number, end: number): void {
  const reader = new ProtobufReader(bytes, start, end);
  reader.tag();
  const length = reader.length();
  labels.bytesField(LABEL_TAG, bytes, reader.pos, reader.pos + length);
}
