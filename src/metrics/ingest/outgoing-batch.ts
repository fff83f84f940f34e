import { OUTCOMES } from '../core/outcome.js';
import { ProtobufWriter } from '../../wire/protobuf-writer.js';
import { SnappyPieces } from '../../wire/snappy-pieces.js';
import type { SeriesEntry } from './series-entry.js';

const SERIES_TAG = 0x0a;

/** Largest request sent to a storage, before compression; receivers commonly take 32 MiB. */
const MAX_REQUEST_BYTES = 16 * 1024 * 1024;

/** How many of each kind of datum. */
export interface DataCounts {
  samples: number;
  histograms: number;
  exemplars: number;
}

/** Entries that fed an output, in parallel with the newest time (ms) each brought. */
export interface Feeds {
  readonly entries: SeriesEntry[];
  readonly timestamps: number[];
  /** Positions of those whose newest sample was a stale marker. */
  readonly stale: number[];
}

/**
 * What one request turns into: the encoded output series, who fed them, and what became of every sample.
 * Reused between requests by its owner; `series.view()` is valid until the next `reset`.
 */
export class OutgoingBatch {
  /** The output since the last piece, as fields of a WriteRequest: TimeSeries 1 and MetricMetadata 3. */
  readonly series = new ProtobufWriter(1 << 17);
  private readonly request = new SnappyPieces();
  private requests: Buffer[] = [];
  /** Samples and histograms by outcome, indexed like OUTCOMES. */
  readonly counts = new Float64Array(OUTCOMES.length);
  readonly received: DataCounts = { samples: 0, histograms: 0, exemplars: 0 };
  readonly invalid: DataCounts = { samples: 0, histograms: 0, exemplars: 0 };
  receivedSeries = 0;
  invalidSeries = 0;
  emittedSeries = 0;
  metadata = 0;
  /** Why the first invalid series is invalid. */
  firstInvalid: string | undefined;
  /** Who fed outputs; whoever takes it for later leaves a new one by `reset`. */
  feeds: Feeds = newFeeds();

  /** @param pieceBytes output is compressed in pieces of about this size, while it is still in the processor's cache */
  constructor(private readonly pieceBytes = Infinity) {}

  reset(): void {
    this.series.reset();
    this.request.reset();
    this.requests = [];
    this.counts.fill(0);
    for (const counts of [this.received, this.invalid]) counts.samples = counts.histograms = counts.exemplars = 0;
    this.receivedSeries = this.invalidSeries = this.emittedSeries = this.metadata = 0;
    this.firstInvalid = undefined;
    this.feeds = newFeeds();
  }

  /**
   * Appends one output series: the label block of `length` bytes at `offset` of `labels`, and the fields in bytes
   * [start, end) of `items` after it.
   */
  emit(labels: Buffer, offset: number, length: number, items: Buffer, start: number, end: number): void {
    const out = this.series;
    const itemsLength = end - start;
    out.reserve(length + itemsLength + 6);
    const bytes = out.bytes;
    let at = out.length;
    bytes[at++] = SERIES_TAG;
    let rest = length + itemsLength;
    for (; rest >= 0x80; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80;
    bytes[at++] = rest;
    labels.copy(bytes, at, offset, offset + length);
    at += length;
    // A single sample takes 18 bytes: below this size a loop is cheaper than a call.
    if (itemsLength <= 32) for (let i = start; i < end; i++) bytes[at++] = items[i] ?? 0;
    else at += items.copy(bytes, at, start, end);
    out.length = at;
    this.emittedSeries++;
    if (at >= this.pieceBytes) this.compressPiece();
  }

  /** The output as requests of at most about MAX_REQUEST_BYTES before compression, each a snappy block of its own memory. */
  finish(): Buffer[] {
    if (this.series.length > 0) this.compressPiece();
    if (this.request.length > 0) this.requests.push(this.request.finish());
    const { requests } = this;
    this.requests = [];
    return requests;
  }

  private compressPiece(): void {
    this.request.append(this.series.view());
    this.series.reset();
    if (this.request.length < MAX_REQUEST_BYTES) return;
    this.requests.push(this.request.finish());
  }

  /** Notes which entry fed outputs up to which time, to be recorded once the storage has accepted them. */
  feed(entry: SeriesEntry, timestamp: number, stale: boolean): void {
    const { feeds } = this;
    if (stale) feeds.stale.push(feeds.entries.length);
    entry.feedPosition = feeds.entries.length;
    feeds.entries.push(entry);
    feeds.timestamps.push(timestamp);
  }

  /** Time (ms) of the newest sample that the entry has fed an output of this batch with; undefined when it has not. */
  newestOf(entry: SeriesEntry): number | undefined {
    const { entries, timestamps } = this.feeds;
    return entries[entry.feedPosition] === entry ? timestamps[entry.feedPosition] : undefined;
  }
}

function newFeeds(): Feeds {
  return { entries: [], timestamps: [], stale: [] };
}

/** Records in the entries what storages have accepted: the newest time of each and whether it ended there. */
export function recordFeeds({ entries, timestamps, stale }: Feeds): void {
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i];
    const timestamp = timestamps[i] ?? 0;
    if (entry === undefined || timestamp < entry.lastTimestamp) continue;
    entry.lastTimestamp = timestamp;
    entry.lastStale = false;
  }
  for (const i of stale) {
    const entry = entries[i];
    if (entry !== undefined && timestamps[i] === entry.lastTimestamp) entry.lastStale = true;
  }
}
