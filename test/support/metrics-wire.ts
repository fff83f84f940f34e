import protobuf from 'protobufjs';

/**
 * An independent encoder and decoder of remote write. Sample values are declared as fixed64, which has the same bytes as
 * double, so that the bits of NaNs can be told apart.
 */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Label { string name = 1; string value = 2; }
  message Sample { fixed64 value = 1; int64 timestamp = 2; }
  message Exemplar { repeated Label labels = 1; fixed64 value = 2; int64 timestamp = 3; }
  message BucketSpan { sint32 offset = 1; uint32 length = 2; }
  message Histogram {
    uint64 count_int = 1; double sum = 3; sint32 schema = 4; double zero_threshold = 5; uint64 zero_count_int = 6;
    repeated BucketSpan positive_spans = 11; repeated sint64 positive_deltas = 12; int64 timestamp = 15;
  }
  message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; repeated Exemplar exemplars = 3; repeated Histogram histograms = 4; }
  message MetricMetadata { uint32 type = 1; string metric_family_name = 2; string help = 4; string unit = 5; }
  message WriteRequest { repeated TimeSeries timeseries = 1; repeated MetricMetadata metadata = 3; }
  message SampleV2 { fixed64 value = 1; int64 timestamp = 2; int64 start_timestamp = 3; }
  message ExemplarV2 { repeated uint32 labels_refs = 1; fixed64 value = 2; int64 timestamp = 3; }
  message MetadataV2 { uint32 type = 1; uint32 help_ref = 3; uint32 unit_ref = 4; }
  message TimeSeriesV2 {
    repeated uint32 labels_refs = 1; repeated SampleV2 samples = 2; repeated Histogram histograms = 3;
    repeated ExemplarV2 exemplars = 4; MetadataV2 metadata = 5;
  }
  message RequestV2 { repeated string symbols = 4; repeated TimeSeriesV2 timeseries = 5; }
`);
const WriteRequest = root.lookupType('WriteRequest');
const RequestV2 = root.lookupType('RequestV2');

/** What is used of the class that protobufjs keeps 64-bit numbers in; its types leave the static members out. */
const Long = protobuf.util.Long as unknown as {
  fromString(text: string, unsigned: boolean, radix: number): protobuf.Long;
  fromNumber(value: number, unsigned: boolean): protobuf.Long;
};

export type Labels = Readonly<Record<string, string>>;
/** A value as a number, or as the sixteen hex digits of its bits. */
export type SampleValue = number | string;
/** Value and time (ms). */
export type Point = readonly [value: SampleValue, at: number];
/** Time (ms), count and the sum of the one bucket; they agree in a valid histogram. */
export interface HistogramPoint {
  readonly at: number;
  readonly count: number;
  readonly inBucket: number;
}

export interface Series {
  /** In the order of writing; pairs allow for repeated names. */
  readonly labels: readonly (readonly [string, string])[];
  readonly samples: readonly Point[];
  readonly exemplars?: readonly { readonly labels: Labels; readonly value: SampleValue; readonly at: number }[];
  readonly histograms?: readonly HistogramPoint[];
}

export interface Metadata {
  readonly type: number;
  readonly family: string;
  readonly help: string;
  readonly unit: string;
}

export const STALE = '7ff0000000000002';
export const PROMETHEUS_NAN = '7ff8000000000001';

/** A series of labels given as an object, sorted by name as senders do. */
export function series(labels: Labels, ...samples: Point[]): Series {
  return { labels: Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)), samples };
}

export function bitsOf(value: SampleValue): string {
  if (typeof value === 'string') return value;
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes.toString('hex');
}

/** A 1.0 WriteRequest. */
export function writeRequest(all: readonly Series[], metadata: readonly Metadata[] = []): Buffer {
  const message = {
    timeseries: all.map(({ labels, samples, exemplars = [], histograms = [] }) => ({
      labels: labels.map(([name, value]) => ({ name, value })),
      samples: samples.map(sample),
      exemplars: exemplars.map((exemplar) => ({
        labels: Object.entries(exemplar.labels).map(([name, value]) => ({ name, value })),
        ...sample([exemplar.value, exemplar.at]),
      })),
      histograms: histograms.map(histogram),
    })),
    metadata: metadata.map(({ family, ...rest }) => ({ ...rest, metricFamilyName: family })),
  };
  return Buffer.from(WriteRequest.encode(message).finish());
}

/** A 2.0 Request of the same series. */
export function writeRequestV2(all: readonly Series[]): Buffer {
  const symbols = [''];
  const reference = (text: string): number => {
    if (!symbols.includes(text)) symbols.push(text);
    return symbols.indexOf(text);
  };
  const timeseries = all.map(({ labels, samples, exemplars = [], histograms = [] }) => ({
    labelsRefs: labels.flatMap((pair) => pair.map(reference)),
    samples: samples.map(sample),
    histograms: histograms.map(histogram),
    exemplars: exemplars.map((exemplar) => ({
      labelsRefs: Object.entries(exemplar.labels).flat().map(reference),
      ...sample([exemplar.value, exemplar.at]),
    })),
  }));
  return Buffer.from(RequestV2.encode({ symbols, timeseries }).finish());
}

function sample([value, at]: Point): { value: unknown; timestamp: number } {
  return { value: Long.fromString(bitsOf(value), true, 16), timestamp: at };
}

function histogram({ at, count, inBucket }: HistogramPoint): object {
  const buckets = { positiveSpans: [{ offset: 0, length: 1 }], positiveDeltas: [inBucket] };
  return { countInt: count, sum: 1, schema: 3, ...buckets, timestamp: at };
}

interface RawSample {
  value: protobuf.Long | number;
  timestamp: protobuf.Long | number;
}
interface RawLabel {
  name: string;
  value: string;
}
interface RawRequest {
  timeseries: {
    labels: RawLabel[];
    samples: RawSample[];
    exemplars: (RawSample & { labels: RawLabel[] })[];
    histograms: { timestamp: protobuf.Long | number; countInt: protobuf.Long | number; positiveDeltas: unknown[] }[];
  }[];
  metadata: { type: number; metricFamilyName: string; help: string; unit: string }[];
}

/** What a storage gets: series in the order of the request, values as bits. */
export function readRequest(bytes: Buffer): { series: Series[]; metadata: Metadata[] } {
  const { timeseries, metadata } = WriteRequest.decode(bytes) as unknown as RawRequest;
  return {
    series: timeseries.map(({ labels, samples, exemplars, histograms }) => ({
      labels: labels.map(({ name, value }) => [name, value] as const),
      samples: samples.map(({ value, timestamp }) => [hex(value), Number(timestamp)] as const),
      exemplars: exemplars.map((exemplar) => ({
        labels: Object.fromEntries(exemplar.labels.map(({ name, value }) => [name, value])),
        value: hex(exemplar.value),
        at: Number(exemplar.timestamp),
      })),
      histograms: histograms.map(({ timestamp, countInt, positiveDeltas }) => ({
        at: Number(timestamp),
        count: Number(countInt),
        inBucket: Number(positiveDeltas[0]),
      })),
    })),
    metadata: metadata.map(({ type, metricFamilyName, help, unit }) => ({
      type,
      family: metricFamilyName,
      help,
      unit,
    })),
  };
}

function hex(value: protobuf.Long | number): string {
  const long = typeof value === 'number' ? Long.fromNumber(value, true) : value;
  const word = (half: number): string => (half >>> 0).toString(16).padStart(8, '0');
  return word(long.high) + word(long.low);
}

/** Labels of a series by name. */
export function labelsOf({ labels }: Series): Record<string, string> {
  return Object.fromEntries(labels);
}
