import { MalformedPayload, PayloadLimitExceeded } from '../../wire/malformed-payload.js';
import { ProtobufReader } from '../../wire/protobuf-reader.js';
import { ProtobufWriter } from '../../wire/protobuf-writer.js';

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

/** Bytes [start, end) of the request: a symbol or a message. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/** Bounds on what references may blow a request up to. */
export interface TranscodeLimits {
  readonly maxDecompressedBytes: number;
  readonly maxSeriesPerRequest: number;
}

/**
 * Rewrites a 2.0 request as the 1.0 request that says the same, so that both versions share one path. Values, histograms
 * and exemplars keep their bytes; start timestamps have no place in 1.0 and are left out. Metadata comes once per family.
 * References multiply the size, so the result is held to the limit of a decompressed request.
 * @throws MalformedPayload, PayloadLimitExceeded
 */
export function transcodeV2(bytes: Buffer, limits: TranscodeLimits): Buffer {
  return new Transcoder(bytes, limits).run();
}

class Transcoder {
  private readonly out: ProtobufWriter;
  private readonly series = new ProtobufWriter();
  private readonly nested = new ProtobufWriter(256);
  private readonly pair = new ProtobufWriter(256);
  private readonly symbols: Span[] = [];
  private readonly families = new Set<string>();

  constructor(
    private readonly bytes: Buffer,
    private readonly limits: TranscodeLimits,
  ) {
    this.out = new ProtobufWriter(bytes.length * 2 + 64);
  }

  run(): Buffer {
    const series: Span[] = [];
    const reader = new ProtobufReader(this.bytes);
    while (!reader.done) {
      const tag = reader.tag();
      if (tag !== SYMBOL && tag !== SERIES) {
        reader.skip(tag);
        continue;
      }
      const length = reader.length();
      (tag === SYMBOL ? this.symbols : series).push({ start: reader.pos, end: reader.pos + length });
      reader.pos += length;
    }
    const { maxSeriesPerRequest } = this.limits;
    if (series.length > maxSeriesPerRequest) {
      throw new PayloadLimitExceeded(
        'METRICS_MAX_SERIES_PER_REQUEST',
        maxSeriesPerRequest,
        series.length,
        'series in the request',
      );
    }
    const empty = this.symbols[0];
    if (series.length > 0 && (empty === undefined || empty.start !== empty.end)) {
      throw new MalformedPayload('the first symbol is not the empty string', empty?.start ?? 0);
    }
    for (const { start, end } of series) this.timeSeries(start, end);
    return this.out.view();
  }

  private timeSeries(start: number, end: number): void {
    const { series } = this;
    series.reset();
    const reader = new ProtobufReader(this.bytes, start, end);
    let metadata: Span | undefined;
    let labels: Label[] = [];
    const items: { tag: number; span: Span }[] = [];
    while (!reader.done) {
      const tag = reader.tag();
      if (tag === LABEL_REF) throw new MalformedPayload('label references must be packed', reader.pos);
      if ((tag & 7) !== 2) {
        reader.skip(tag);
        continue;
      }
      const length = reader.length();
      const span = { start: reader.pos, end: reader.pos + length };
      reader.pos += length;
      if (tag === LABEL_REFS) labels = labels.concat(this.labels(span));
      else if (tag === METADATA) metadata = span;
      else items.push({ tag, span });
    }
    this.writeLabels(series, labels);
    for (const { tag, span } of items) this.item(tag, span);
    this.out.bytesField(V1.series, series.view());
    this.checkSize();
    if (metadata !== undefined) this.metadata(metadata, labels);
  }

  private item(tag: number, { start, end }: Span): void {
    if (tag === SAMPLE) this.sample(start, end);
    else if (tag === HISTOGRAM) this.series.bytesField(V1.histogram, this.bytes, start, end);
    else if (tag === EXEMPLAR) this.exemplar(start, end);
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
  }

  private exemplar(start: number, end: number): void {
    const reader = new ProtobufReader(this.bytes, start, end);
    this.nested.reset();
    while (!reader.done) {
      const at = reader.pos;
      const tag = reader.tag();
      if (tag === LABEL_REFS) {
        const length = reader.length();
        this.writeLabels(this.nested, this.labels({ start: reader.pos, end: reader.pos + length }));
        reader.pos += length;
      } else {
        reader.skip(tag);
        this.nested.raw(this.bytes, at, reader.pos);
      }
    }
    this.series.bytesField(V1.exemplar, this.nested.view());
  }

  private metadata({ start, end }: Span, labels: readonly Label[]): void {
    const name = this.metricName(labels);
    const reader = new ProtobufReader(this.bytes, start, end);
    this.nested.reset();
    let type = 0;
    while (!reader.done) {
      const tag = reader.tag();
      if (tag === 0x08) type = reader.varint();
      else if (tag === 0x18) this.text(0x22, this.symbol(reader.varint(), reader.pos));
      else if (tag === 0x20) this.text(0x2a, this.symbol(reader.varint(), reader.pos));
      else reader.skip(tag);
    }
    const family = familyOf(name, type);
    if (family === '' || this.families.has(family) || (type === 0 && this.nested.length === 0)) return;
    this.families.add(family);
    this.nested.varint(0x08);
    this.nested.varint(type);
    this.nested.stringField(0x12, family);
    this.out.bytesField(V1.metadata, this.nested.view());
  }

  private text(tag: number, { start, end }: Span): void {
    if (end > start) this.nested.bytesField(tag, this.bytes, start, end);
  }

  private labels({ start, end }: Span): Label[] {
    const reader = new ProtobufReader(this.bytes, start, end);
    const labels: Label[] = [];
    while (!reader.done) {
      const name = this.symbol(reader.varint(), reader.pos);
      if (reader.pos >= reader.end) throw new MalformedPayload('odd number of label references', reader.pos);
      labels.push({ name, value: this.symbol(reader.varint(), reader.pos) });
    }
    return labels;
  }

  private writeLabels(to: ProtobufWriter, labels: readonly Label[]): void {
    for (const { name, value } of labels) {
      this.pair.reset();
      this.pair.bytesField(V1.name, this.bytes, name.start, name.end);
      this.pair.bytesField(V1.value, this.bytes, value.start, value.end);
      to.bytesField(V1.label, this.pair.view());
      if (to.length > this.limits.maxDecompressedBytes) this.checkSize();
    }
  }

  private metricName(labels: readonly Label[]): string {
    const named = labels.find(({ name }) => this.bytes.toString('utf8', name.start, name.end) === '__name__');
    return named === undefined ? '' : this.bytes.toString('utf8', named.value.start, named.value.end);
  }

  private symbol(reference: number, at: number): Span {
    const symbol = this.symbols[reference];
    if (symbol === undefined)
      throw new MalformedPayload(`reference ${reference} beyond the ${this.symbols.length} symbols`, at);
    return symbol;
  }

  private checkSize(): void {
    const { maxDecompressedBytes: limit } = this.limits;
    const size = this.out.length + this.series.length;
    if (size > limit)
      throw new PayloadLimitExceeded(
        'METRICS_MAX_DECOMPRESSED_BYTES',
        limit,
        `more than ${limit}`,
        'request in bytes with its references resolved',
      );
  }
}

interface Label {
  readonly name: Span;
  readonly value: Span;
}

const HISTOGRAM_TYPES = new Set([3, 4]);
const SUMMARY_TYPE = 5;

/** Family of a series' metric name: histograms and summaries are several series with suffixes. (OpenMetrics) */
function familyOf(name: string, type: number): string {
  if (HISTOGRAM_TYPES.has(type)) return name.replace(/_(bucket|sum|count|gsum|gcount)$/, '');
  return type === SUMMARY_TYPE ? name.replace(/_(sum|count)$/, '') : name;
}
