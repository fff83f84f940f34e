import { METRIC_NAME } from '../../common/label-set.js';
import { MalformedPayload, PayloadLimitExceeded } from '../../wire/malformed-payload.js';
import { ProtobufReader } from '../../wire/protobuf-reader.js';
import { ProtobufWriter, varintSize } from '../../wire/protobuf-writer.js';
import { tooManySeries } from './series-limit.js';

/*
 * Request:    symbols 4 string, timeseries 5 TimeSeries (1–3 reserved)
 * TimeSeries: labels_refs 1 uint32 packed, samples 2 Sample, histograms 3 Histogram, exemplars 4 Exemplar, metadata 5 Metadata
 * Sample:     value 1 double, timestamp 2 int64, start_timestamp 3 int64
 * Exemplar:   labels_refs 1 uint32 packed, value 2 double, timestamp 3 int64
 * Metadata:   type 1 enum, help_ref 3 uint32, unit_ref 4 uint32
 * (Remote Write 2.0, io/prometheus/write/v2/types.proto)
 */
const SYMBOL = 0x22;
const SERIES = 0x2a;
const LABEL_REFS = 0x0a;
const LABEL_REF = 0x08;
const SAMPLE = 0x12;
const HISTOGRAM = 0x1a;
const EXEMPLAR = 0x22;
const METADATA = 0x2a;

/** Field tags of the 1.0 messages written. */
const V1 = {
  series: 0x0a,
  metadata: 0x1a,
  label: 0x0a,
  name: 0x0a,
  value: 0x12,
  sample: 0x12,
  exemplar: 0x1a,
  histogram: 0x22,
} as const;

/** Highest metadata type that is passed on; later ones than the known eight may come, nonsense becomes “unknown”. */
const MAX_METADATA_TYPE = 127;

const METRIC_NAME_BYTES = Buffer.from(METRIC_NAME);

/** Bounds on what references may blow a request up to. */
export interface TranscodeLimits {
  readonly maxDecompressedBytes: number;
  readonly maxSeriesPerRequest: number;
}

/**
 * Rewrites a 2.0 request as the 1.0 request that says the same, so that both versions share one path. Values, histograms
 * and exemplars keep their bytes; start timestamps have no place in 1.0 and are left out. Metadata comes once per family.
 * References multiply the size, so the result is held to the limit of a decompressed request; nothing is kept per label or
 * sample, because a few bytes may hold very many.
 * @throws MalformedPayload, PayloadLimitExceeded
 */
export function transcodeV2(bytes: Buffer, limits: TranscodeLimits): Buffer {
  return new Transcoder(bytes, limits).run();
}

class Transcoder {
  private readonly out: ProtobufWriter;
  private readonly series = new ProtobufWriter();
  private readonly nested = new ProtobufWriter(256);
  /** Start and end of each symbol, in turn. */
  private readonly symbols: Uint32Array;
  private readonly families = new Set<string>();
  /** Reference of a label name whose value is still to come. */
  private pendingName: number | undefined;
  /** Reference of the metric name of the series at hand. */
  private metricName: number | undefined;

  constructor(
    private readonly bytes: Buffer,
    private readonly limits: TranscodeLimits,
  ) {
    this.symbols = new Uint32Array(2 * this.countSymbols());
    this.out = new ProtobufWriter(Math.min(bytes.length * 2, limits.maxDecompressedBytes) + 64);
  }

  run(): Buffer {
    this.readSymbols();
    const reader = new ProtobufReader(this.bytes);
    while (!reader.done) {
      const tag = reader.tag();
      if (tag !== SERIES) {
        reader.skip(tag);
        continue;
      }
      const length = reader.length();
      this.timeSeries(reader.pos, reader.pos + length);
      reader.pos += length;
    }
    return this.out.view();
  }

  /** Counts the symbols, and holds the number of series to its limit. */
  private countSymbols(): number {
    const { maxSeriesPerRequest } = this.limits;
    const reader = new ProtobufReader(this.bytes);
    let symbols = 0;
    let series = 0;
    while (!reader.done) {
      const at = reader.pos;
      const tag = reader.tag();
      // A 1.0 message under 2.0 headers would be taken for an empty request, and lost without a word.
      if (tag < 4 * 8) throw new MalformedPayload('a field that 2.0 reserves (is this a 1.0 message?)', at);
      reader.skip(tag);
      if (tag === SYMBOL) symbols++;
      else if (tag === SERIES) series++;
    }
    if (series > maxSeriesPerRequest) throw tooManySeries(series, maxSeriesPerRequest);
    if (series > 0 && symbols === 0) throw new MalformedPayload('the request has no symbols', 0);
    return symbols;
  }

  private readSymbols(): void {
    const reader = new ProtobufReader(this.bytes);
    for (let i = 0; i < this.symbols.length;) {
      const tag = reader.tag();
      if (tag !== SYMBOL) {
        reader.skip(tag);
        continue;
      }
      const length = reader.length();
      if (i === 0 && length > 0) throw new MalformedPayload('the first symbol is not the empty string', reader.pos);
      this.symbols[i++] = reader.pos;
      reader.pos += length;
      this.symbols[i++] = reader.pos;
    }
  }

  /** Labels are written first, wherever they stand, because that is the order the 1.0 path is quick with. */
  private timeSeries(start: number, end: number): void {
    this.series.reset();
    this.metricName = undefined;
    const metadata = this.seriesLabels(start, end);
    const reader = new ProtobufReader(this.bytes, start, end);
    while (!reader.done) {
      const tag = reader.tag();
      if (tag !== SAMPLE && tag !== HISTOGRAM && tag !== EXEMPLAR) {
        reader.skip(tag);
        continue;
      }
      const length = reader.length();
      this.item(tag, reader.pos, reader.pos + length);
      reader.pos += length;
    }
    this.out.bytesField(V1.series, this.series.view());
    this.series.reset();
    this.checkSize();
    if (metadata !== undefined) this.metadata(metadata.start, metadata.end);
  }

  /** Writes the labels of the series in [start, end); returns where its metadata stand. */
  private seriesLabels(start: number, end: number): { start: number; end: number } | undefined {
    const reader = new ProtobufReader(this.bytes, start, end);
    let metadata: { start: number; end: number } | undefined;
    while (!reader.done) {
      const tag = reader.tag();
      if (tag === LABEL_REFS) {
        this.references(reader, this.series);
      } else if (tag === LABEL_REF) {
        this.reference(reader.varint(), reader.pos, this.series);
      } else if (tag === METADATA) {
        const length = reader.length();
        metadata = { start: reader.pos, end: reader.pos + length };
        reader.pos += length;
      } else {
        reader.skip(tag);
      }
    }
    this.assertPaired(end);
    return metadata;
  }

  private item(tag: number, start: number, end: number): void {
    if (tag === SAMPLE) this.sample(start, end);
    else if (tag === HISTOGRAM) this.series.bytesField(V1.histogram, this.bytes, start, end);
    else this.exemplar(start, end);
  }

  /** Copies value and timestamp; the start timestamp, the one field after them, is unknown to 1.0. */
  private sample(start: number, end: number): void {
    const reader = new ProtobufReader(this.bytes, start, end);
    this.nested.reset();
    while (!reader.done) {
      const at = reader.pos;
      const tag = reader.tag();
      reader.skip(tag);
      if (tag === 0x09 || tag === 0x10) this.nested.raw(this.bytes, at, reader.pos);
    }
    this.series.bytesField(V1.sample, this.nested.view());
    this.nested.reset();
  }

  private exemplar(start: number, end: number): void {
    const reader = new ProtobufReader(this.bytes, start, end);
    this.nested.reset();
    while (!reader.done) {
      const at = reader.pos;
      const tag = reader.tag();
      if (tag === LABEL_REFS) {
        this.references(reader, this.nested);
      } else if (tag === LABEL_REF) {
        this.reference(reader.varint(), reader.pos, this.nested);
      } else {
        reader.skip(tag);
        if (tag === 0x11 || tag === 0x18) this.nested.raw(this.bytes, at, reader.pos);
      }
    }
    this.assertPaired(end);
    this.series.bytesField(V1.exemplar, this.nested.view());
    this.nested.reset();
    this.checkSize();
  }

  private metadata(start: number, end: number): void {
    const reader = new ProtobufReader(this.bytes, start, end);
    let type = 0;
    let help = 0;
    let unit = 0;
    while (!reader.done) {
      const tag = reader.tag();
      if (tag === 0x08) type = reader.varint();
      else if (tag === 0x18) help = this.checked(reader.varint(), reader.pos);
      else if (tag === 0x20) unit = this.checked(reader.varint(), reader.pos);
      else reader.skip(tag);
    }
    if (type > MAX_METADATA_TYPE) type = 0;
    const family = this.metricName === undefined ? '' : familyOf(this.symbolText(this.metricName), type);
    if (family === '' || this.families.has(family) || (type === 0 && help === 0 && unit === 0)) return;
    this.families.add(family);
    this.nested.reset();
    this.nested.varint(0x08);
    this.nested.varint(type);
    this.nested.stringField(0x12, family);
    if (help > 0) this.symbolField(this.nested, 0x22, help);
    if (unit > 0) this.symbolField(this.nested, 0x2a, unit);
    this.out.bytesField(V1.metadata, this.nested.view());
    this.nested.reset();
    this.checkSize();
  }

  /** Packed references: the reader stands at their length. */
  private references(reader: ProtobufReader, to: ProtobufWriter): void {
    const end = reader.length() + reader.pos;
    const outer = reader.end;
    reader.end = end;
    while (!reader.done) this.reference(reader.varint(), reader.pos, to);
    reader.end = outer;
  }

  /** Takes names and values in turn, and writes a label with each value. */
  private reference(reference: number, at: number, to: ProtobufWriter): void {
    this.checked(reference, at);
    const name = this.pendingName;
    if (name === undefined) {
      this.pendingName = reference;
      return;
    }
    this.pendingName = undefined;
    if (to === this.series && this.isMetricName(name)) this.metricName = reference;
    const length = this.fieldSize(name) + this.fieldSize(reference);
    this.checkSize(length);
    to.varint(V1.label);
    to.varint(length);
    this.symbolField(to, V1.name, name);
    this.symbolField(to, V1.value, reference);
  }

  private assertPaired(at: number): void {
    if (this.pendingName !== undefined) throw new MalformedPayload('odd number of label references', at);
  }

  private symbolField(to: ProtobufWriter, tag: number, reference: number): void {
    to.bytesField(tag, this.bytes, this.symbols[2 * reference], this.symbols[2 * reference + 1]);
  }

  private symbolLength(reference: number): number {
    return (this.symbols[2 * reference + 1] ?? 0) - (this.symbols[2 * reference] ?? 0);
  }

  private fieldSize(reference: number): number {
    const length = this.symbolLength(reference);
    return 1 + varintSize(length) + length;
  }

  private isMetricName(reference: number): boolean {
    if (this.symbolLength(reference) !== METRIC_NAME_BYTES.length) return false;
    return (
      METRIC_NAME_BYTES.compare(this.bytes, this.symbols[2 * reference], this.symbols[2 * reference + 1] ?? 0) === 0
    );
  }

  private symbolText(reference: number): string {
    return this.bytes.toString('utf8', this.symbols[2 * reference], this.symbols[2 * reference + 1]);
  }

  /** The reference, if there is such a symbol. */
  private checked(reference: number, at: number): number {
    const count = this.symbols.length / 2;
    if (reference < count) return reference;
    throw new MalformedPayload(`reference ${reference} beyond the ${count} symbols`, at);
  }

  private checkSize(more = 0): void {
    const { maxDecompressedBytes: limit } = this.limits;
    const size = this.out.length + this.series.length + this.nested.length + more;
    if (size > limit)
      throw new PayloadLimitExceeded(
        'METRICS_MAX_DECOMPRESSED_BYTES',
        limit,
        `more than ${limit}`,
        'request in bytes with its references resolved',
      );
  }
}

const HISTOGRAM_TYPES = new Set([3, 4]);
const SUMMARY_TYPE = 5;

/** Family of a series' metric name: histograms and summaries are several series with suffixes. (OpenMetrics) */
function familyOf(name: string, type: number): string {
  if (HISTOGRAM_TYPES.has(type)) return name.replace(/_(bucket|sum|count|gsum|gcount)$/, '');
  return type === SUMMARY_TYPE ? name.replace(/_(sum|count)$/, '') : name;
}
