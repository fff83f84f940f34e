/**
 * Remote write 1.0 and 2.0 as protobufjs knows them: the independent encoder and decoder that wire tests compare with.
 * Doubles are declared as `fixed64`, which has the same bytes, so that values are compared by bits: a JavaScript number does
 * not keep the stale marker's NaN apart from others.
 */
import protobuf from 'protobufjs';

const HISTOGRAM_FIELDS = (packed: boolean): string => `
  uint64 count_int = 1; fixed64 count_float = 2; fixed64 sum = 3; sint32 schema = 4; fixed64 zero_threshold = 5;
  uint64 zero_count_int = 6; fixed64 zero_count_float = 7;
  repeated BucketSpan negative_spans = 8;
  repeated sint64 negative_deltas = 9 [packed=${packed}]; repeated fixed64 negative_counts = 10 [packed=${packed}];
  repeated BucketSpan positive_spans = 11;
  repeated sint64 positive_deltas = 12 [packed=${packed}]; repeated fixed64 positive_counts = 13 [packed=${packed}];
  int32 reset_hint = 14; int64 timestamp = 15; repeated fixed64 custom_values = 16 [packed=${packed}];`;

const COMMON = `
  message BucketSpan { sint32 offset = 1; uint32 length = 2; }
  message Histogram { ${HISTOGRAM_FIELDS(true)} }
  message UnpackedHistogram { ${HISTOGRAM_FIELDS(false)} }`;

const V1 = protobuf.parse(`syntax = "proto3"; ${COMMON}
  message Label { string name = 1; string value = 2; }
  message Sample { fixed64 value = 1; int64 timestamp = 2; }
  message Exemplar { repeated Label labels = 1; fixed64 value = 2; int64 timestamp = 3; }
  message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; repeated Exemplar exemplars = 3;
    repeated Histogram histograms = 4; }
  message MetricMetadata { int32 type = 1; string metric_family_name = 2; string help = 4; string unit = 5; }
  message WriteRequest { repeated TimeSeries timeseries = 1; repeated MetricMetadata metadata = 3; }`).root;

const V2 = protobuf.parse(`syntax = "proto3"; ${COMMON}
  message Sample { fixed64 value = 1; int64 timestamp = 2; int64 start_timestamp = 3; }
  message Exemplar { repeated uint32 labels_refs = 1; fixed64 value = 2; int64 timestamp = 3; }
  message Metadata { int32 type = 1; uint32 help_ref = 3; uint32 unit_ref = 4; }`).root;

export interface Label {
  readonly name: string;
  readonly value: string;
}

/** A sample; `bits` are the eight bytes of its value as an unsigned integer. */
export interface Sample {
  readonly bits: bigint;
  readonly timestamp: bigint;
}

export interface Exemplar extends Sample {
  readonly labels: readonly Label[];
}

/** A native histogram with integer buckets on the positive side only; `surplus` is what its count is wrong by. */
export interface Histogram {
  readonly buckets: readonly number[];
  readonly zeroCount: number;
  readonly surplus: number;
  readonly sumBits: bigint;
  readonly timestamp: bigint;
}

export interface Metadata {
  readonly type: number;
  readonly help: string;
  readonly unit: string;
}

export interface Series {
  readonly labels: readonly Label[];
  readonly samples: readonly Sample[];
  readonly exemplars: readonly Exemplar[];
  readonly histograms: readonly Histogram[];
  /** 2.0 carries metadata with each series. */
  readonly metadata: Metadata | undefined;
}

export interface FamilyMetadata extends Metadata {
  readonly family: string;
}

export interface WriteRequest {
  readonly series: readonly Series[];
  readonly metadata: readonly FamilyMetadata[];
}

/** How an encoder uses the freedom that protobuf gives: order of fields, unknown fields, packing, zeros spelled out. */
export interface Freedom {
  readonly order: readonly number[];
  readonly unknownFields: boolean;
  readonly unpacked: boolean;
  readonly spellZeros: boolean;
}

export const PLAIN: Freedom = { order: [], unknownFields: false, unpacked: false, spellZeros: true };

type Field = readonly [tag: number, bytes: Uint8Array];

/** Encodes a 1.0 request. */
export function encodeV1(request: WriteRequest, freedom: Freedom = PLAIN): Buffer {
  const series = request.series.map((one): Field => [0x0a, encodeSeriesV1(one, freedom)]);
  const metadata = request.metadata.map(({ family, ...rest }): Field => {
    return [0x1a, encode(V1, 'MetricMetadata', { ...rest, metricFamilyName: family }, freedom)];
  });
  return message([series, metadata], freedom);
}

function encodeSeriesV1(series: Series, freedom: Freedom): Buffer {
  return message(
    [
      series.labels.map((label): Field => [0x0a, encode(V1, 'Label', label, freedom)]),
      series.samples.map((sample): Field => [0x12, encode(V1, 'Sample', toSample(sample), freedom)]),
      series.histograms.map((histogram): Field => [0x22, encodeHistogram(V1, histogram, freedom)]),
      series.exemplars.map((exemplar): Field => {
        const labels = exemplar.labels.map((label) => ({ ...label }));
        return [0x1a, encode(V1, 'Exemplar', { labels, ...toSample(exemplar) }, freedom)];
      }),
    ],
    freedom,
  );
}

/** Encodes a 2.0 request; `metadata` of the request has no place there. */
export function encodeV2(request: WriteRequest, freedom: Freedom = PLAIN): Buffer {
  const symbols = new Symbols();
  const series = request.series.map((one): Field => [0x2a, encodeSeriesV2(one, symbols, freedom)]);
  const table = symbols.all.map((symbol): Field => [0x22, Buffer.from(symbol)]);
  return message([table, series], freedom);
}

function encodeSeriesV2(series: Series, symbols: Symbols, freedom: Freedom): Buffer {
  const { metadata } = series;
  const references = series.labels.flatMap(({ name, value }) => [symbols.of(name), symbols.of(value)]);
  return message(
    [
      freedom.unpacked ? references.map((reference) => varintField(0x08, reference)) : [[0x0a, packed(references)]],
      series.samples.map((sample): Field => {
        return [0x12, encode(V2, 'Sample', { ...toSample(sample), startTimestamp: 12345 }, freedom)];
      }),
      series.histograms.map((histogram): Field => [0x1a, encodeHistogram(V2, histogram, freedom)]),
      series.exemplars.map((exemplar): Field => {
        const labelsRefs = exemplar.labels.flatMap(({ name, value }) => [symbols.of(name), symbols.of(value)]);
        return [0x22, encode(V2, 'Exemplar', { labelsRefs, ...toSample(exemplar) }, freedom)];
      }),
      metadata === undefined ? [] : [[0x2a, encodeMetadataV2(metadata, symbols, freedom)]],
    ],
    freedom,
  );
}

function encodeMetadataV2({ type, help, unit }: Metadata, symbols: Symbols, freedom: Freedom): Uint8Array {
  return encode(V2, 'Metadata', { type, helpRef: symbols.of(help), unitRef: symbols.of(unit) }, freedom);
}

class Symbols {
  readonly all = [''];
  private readonly references = new Map([['', 0]]);

  of(text: string): number {
    const known = this.references.get(text);
    if (known !== undefined) return known;
    this.references.set(text, this.all.length);
    return this.all.push(text) - 1;
  }
}

function toSample({ bits, timestamp }: Sample): { value: object; timestamp: object } {
  return { value: toLong(bits), timestamp: toLong(timestamp) };
}

function toLong(value: bigint): object {
  return { low: Number(BigInt.asIntN(32, value)), high: Number(BigInt.asIntN(32, value >> 32n)), unsigned: false };
}

function encodeHistogram(root: protobuf.Root, histogram: Histogram, freedom: Freedom): Uint8Array {
  const { buckets, zeroCount, surplus, sumBits, timestamp } = histogram;
  const total = buckets.reduce((sum, bucket) => sum + bucket, zeroCount);
  const positiveDeltas = buckets.map((bucket, i) => bucket - (buckets[i - 1] ?? 0));
  const positiveSpans = buckets.length === 0 ? [] : [{ offset: -2, length: buckets.length }];
  const fields = { schema: -3, sum: toLong(sumBits), zeroCountInt: zeroCount, countInt: total + surplus };
  return encode(
    root,
    freedom.unpacked ? 'UnpackedHistogram' : 'Histogram',
    { ...fields, timestamp: toLong(timestamp), positiveSpans, positiveDeltas },
    freedom,
  );
}

function encode(root: protobuf.Root, type: string, object: object, { spellZeros }: Freedom): Uint8Array {
  const entries = Object.entries(object).filter(([, value]) => spellZeros || !isDefault(value));
  return root.lookupType(type).encode(Object.fromEntries(entries)).finish();
}

function isDefault(value: unknown): boolean {
  if (value === 0 || value === '') return true;
  return typeof value === 'object' && value !== null && 'low' in value && 'high' in value
    ? value.low === 0 && value.high === 0
    : false;
}

const UNKNOWN_FIELDS: readonly Buffer[] = [
  Buffer.from([0xa0, 0x06, 0xff, 0x01]),
  Buffer.from([0xa9, 0x06, 1, 2, 3, 4, 5, 6, 7, 8]),
  Buffer.from([0xb2, 0x06, 0x03, 0x0a, 0x0a, 0x0a]),
  Buffer.from([0xbd, 0x06, 9, 9, 9, 9]),
];

/** Puts fields together. Groups may mix as `order` says; the order within a group, which has a meaning, is kept. */
function message(groups: readonly (readonly Field[])[], freedom: Freedom): Buffer {
  const queues = groups.map((fields) => [...fields]);
  const parts: Uint8Array[] = [];
  for (let turn = 0; queues.some((queue) => queue.length > 0); turn++) {
    const filled = queues.filter((queue) => queue.length > 0);
    const choice = freedom.order.length === 0 ? 0 : (freedom.order[turn % freedom.order.length] ?? 0);
    const field = filled[choice % filled.length]?.shift();
    if (field !== undefined) parts.push(encodeField(field));
    if (freedom.unknownFields) parts.push(UNKNOWN_FIELDS[turn % UNKNOWN_FIELDS.length] ?? new Uint8Array());
  }
  return Buffer.concat(parts);
}

function encodeField([tag, bytes]: Field): Uint8Array {
  const writer = protobuf.Writer.create().uint32(tag);
  return (tag & 7) === 2 ? writer.bytes(bytes).finish() : Buffer.concat([writer.finish(), bytes]);
}

function varintField(tag: number, value: number): Field {
  return [tag, protobuf.Writer.create().uint32(value).finish()];
}

function packed(values: readonly number[]): Uint8Array {
  const writer = protobuf.Writer.create();
  for (const value of values) writer.uint32(value);
  return writer.finish();
}

/** A decoded 1.0 request as plain data; 64-bit numbers and doubles (as bits) are decimal strings. */
export interface DecodedRequest {
  readonly timeseries: readonly DecodedSeries[];
  readonly metadata: readonly { type: number; metricFamilyName: string; help: string; unit: string }[];
}

export interface DecodedSeries {
  readonly labels: readonly Label[];
  readonly samples: readonly DecodedSample[];
  readonly exemplars: readonly (DecodedSample & { labels: readonly Label[] })[];
  readonly histograms: readonly { timestamp: string; countInt: string; positiveDeltas: readonly string[] }[];
}

interface DecodedSample {
  readonly value: string;
  readonly timestamp: string;
}

/** Decodes a 1.0 request with protobufjs. */
export function decodeV1(bytes: Buffer): DecodedRequest {
  const type = V1.lookupType('WriteRequest');
  const decoded = type.toObject(type.decode(bytes), { longs: String, defaults: true, arrays: true });
  return decoded as unknown as DecodedRequest;
}

/** The bits of a double as an unsigned integer. */
export function bitsOf(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}

/** Prometheus' stale marker. */
export const STALE_BITS = 0x7ff0000000000002n;
