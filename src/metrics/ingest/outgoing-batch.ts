import { OUTCOMES } from '../core/outcome.js';
import { ProtobufWriter, varintSize } from '../../wire/protobuf-writer.js';
import { SHORT_LITERAL, SnappyBlockWriter, type HeldBlock } from '../../wire/snappy-block-writer.js';
import type { OutputDeltas } from './output-deltas.js';
import { NO_OUTPUT, type SeriesEntry } from './series-entry.js';
import type { Slab } from './slab.js';

const SERIES_TAG = 0x0a;

/** Largest request sent to a storage, before compression; receivers commonly take 32 MiB. */
const MAX_REQUEST_BYTES = 16 * 1024 * 1024;

/** Bytes of the items before that one element can copy. */
const MIN_COPY = 4;
const MAX_COPY = 11;
/** How far back the items before may begin for that. */
const MAX_ITEMS_DISTANCE = 60_000;

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
  private readonly request = new SnappyBlockWriter();
  private readonly header = Buffer.alloc(6);
  private requests: HeldBlock[] = [];
  /**
   * The entry whose output was emitted last by `emitCached`; how many bytes after its labels, and where they ended in the bytes
   * received; where all that ended in the output.
   */
  private before: SeriesEntry | null = null;
  private outputBefore = NO_OUTPUT;
  private itemsBefore = 0;
  private itemsEndBefore = 0;
  private source: Buffer | null = null;
  private endBefore = 0;
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

  /**
   * @param pieceBytes output is compressed in pieces of about this size, while it is still in the processor's cache
   * @param deltas what is known of outputs that follow one another; without it all output is compressed in pieces
   */
  constructor(
    private readonly pieceBytes = Infinity,
    private readonly deltas?: OutputDeltas,
  ) {}

  reset(): void {
    this.series.reset();
    this.request.reset();
    for (const request of this.requests) request.release();
    this.requests = [];
    this.before = null;
    this.outputBefore = NO_OUTPUT;
    this.source = null;
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
    let at = writeHeader(bytes, out.length, length + itemsLength);
    labels.copy(bytes, at, offset, offset + length);
    at += length;
    // A single sample takes 18 bytes: below this size a loop is cheaper than a call.
    if (itemsLength <= 32) for (let i = start; i < end; i++) bytes[at++] = items[i] ?? 0;
    else at += items.copy(bytes, at, start, end);
    out.length = at;
    this.emittedSeries++;
    if (at >= this.pieceBytes) this.compressPiece();
  }

  /** Appends the only output of an entry, with the fields in bytes [start, end) of `items` after its labels. */
  emitCached(entry: SeriesEntry, output: Slab, items: Buffer, start: number, end: number): void {
    const { deltas } = this;
    if (deltas !== undefined) {
      if (this.emitDelta(entry, items, start, end)) return;
      const { before } = this;
      if (before !== null && before.outputId === this.outputBefore && this.endBefore === this.written)
        deltas.note(entry, before, this.gapTo(entry, end - start));
    }
    this.emit(output.bytes, entry.fastOffset, entry.fastLength, items, start, end);
    this.remember(entry, items, start, end);
  }

  /** The same by the elements kept for the case that the output follows the one before; false when they do not fit. */
  private emitDelta(entry: SeriesEntry, items: Buffer, start: number, end: number): boolean {
    const { request } = this;
    const { deltaSlab } = entry;
    const itemsLength = end - start;
    if (deltaSlab === null || entry.deltaTo !== this.outputBefore || itemsLength > SHORT_LITERAL) return false;
    // Whatever else was written since, and a new request begun, would stand between the two.
    if (this.endBefore !== this.written) return false;
    if (this.series.length > 0) this.compressPiece();
    if (this.endBefore !== this.written) return false;
    const length = entry.fastLength;
    const shift = this.gapTo(entry, itemsLength) - entry.deltaGap;
    request.literal(this.header, 0, writeHeader(this.header, 0, length + itemsLength));
    if (shift === 0) request.elements(deltaSlab.view, entry.deltaOffset, entry.deltaLength, length);
    else this.emitShifted(entry, deltaSlab, shift);
    this.emitItems(items, start, end);
    this.emittedSeries++;
    this.remember(entry, items, start, end);
    if (request.length >= MAX_REQUEST_BYTES) this.requests.push(request.finish());
    return true;
  }

  /**
   * Appends items, copying what they have in common with the items before at either end: the same time, and of values that are
   * whole numbers the zeros.
   */
  private emitItems(items: Buffer, start: number, end: number): void {
    const { request } = this;
    const fromBefore = items === this.source && this.written - this.endBefore + this.itemsBefore < MAX_ITEMS_DISTANCE;
    const most = fromBefore ? Math.min(MAX_COPY, end - start, this.itemsBefore) : 0;
    const startBefore = this.itemsEndBefore - this.itemsBefore;
    let head = 0;
    while (head < most && items[start + head] === items[startBefore + head]) head++;
    if (head < MIN_COPY) head = 0;
    else request.copy(head, this.written - this.endBefore + this.itemsBefore);
    const mostLeft = Math.min(most, end - start - head);
    let tail = 0;
    while (tail < mostLeft && items[end - 1 - tail] === items[this.itemsEndBefore - 1 - tail]) tail++;
    if (tail < MIN_COPY) tail = 0;
    request.literal(items, start + head, end - tail);
    if (tail > 0) request.copy(tail, this.written - this.endBefore + tail);
  }

  private emitShifted(entry: SeriesEntry, { bytes }: Slab, shift: number): void {
    const { request } = this;
    const { fastOutput, fastOffset, fastLength } = entry;
    if (request.shiftedElements(bytes, entry.deltaOffset, entry.deltaLength, fastLength, shift)) return;
    if (fastOutput !== null) request.append(fastOutput.bytes.subarray(fastOffset, fastOffset + fastLength));
  }

  /** Bytes between the label block emitted last and that of an entry whose items take `itemsLength`. */
  private gapTo(entry: SeriesEntry, itemsLength: number): number {
    return this.itemsBefore + 1 + varintSize(entry.fastLength + itemsLength);
  }

  private remember(entry: SeriesEntry, items: Buffer, start: number, end: number): void {
    this.before = entry;
    this.outputBefore = entry.outputId;
    this.source = items;
    this.itemsBefore = end - start;
    this.itemsEndBefore = end;
    this.endBefore = this.written;
  }

  /** Bytes of the request in work so far, before compression. */
  private get written(): number {
    return this.request.length + this.series.length;
  }

  /** The output as requests of at most about MAX_REQUEST_BYTES before compression, each a snappy block of its own memory. */
  finish(): HeldBlock[] {
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

/** Writes tag and length of a series at `start`; returns where they end. */
function writeHeader(bytes: Buffer, start: number, length: number): number {
  let at = start;
  bytes[at++] = SERIES_TAG;
  let rest = length;
  for (; rest >= 0x80; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80;
  bytes[at++] = rest;
  return at;
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
