import * as proto from './remote-write-proto.js';

/*
 * Remote write in a short notation for tests that say what they send and expect; the bytes are those of the oracle,
 * remote-write-proto.ts.
 */

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

export type Metadata = proto.FamilyMetadata;

export const STALE = hex(proto.STALE_BITS);
export const PROMETHEUS_NAN = '7ff8000000000001';

/** A series of labels given as an object, sorted by name as senders do. */
export function series(labels: Labels, ...samples: Point[]): Series {
  return { labels: Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)), samples };
}

export function bitsOf(value: SampleValue): string {
  return typeof value === 'string' ? value : hex(proto.bitsOf(value));
}

/** A 1.0 WriteRequest. */
export function writeRequest(all: readonly Series[], metadata: readonly Metadata[] = []): Buffer {
  return proto.encodeV1({ series: all.map(spelledOut), metadata });
}

/** A 2.0 Request of the same series. */
export function writeRequestV2(all: readonly Series[]): Buffer {
  return proto.encodeV2({ series: all.map(spelledOut), metadata: [] });
}

function spelledOut({ labels, samples, exemplars = [], histograms = [] }: Series): proto.Series {
  return {
    labels: labels.map(([name, value]) => ({ name, value })),
    samples: samples.map(sample),
    exemplars: exemplars.map((exemplar) => ({
      labels: Object.entries(exemplar.labels).map(([name, value]) => ({ name, value })),
      ...sample([exemplar.value, exemplar.at]),
    })),
    histograms: histograms.map(({ at, count, inBucket }) => ({
      ...{ buckets: [inBucket], zeroCount: 0, surplus: count - inBucket },
      ...{ sumBits: proto.bitsOf(1), timestamp: BigInt(at) },
    })),
    metadata: undefined,
  };
}

function sample([value, at]: Point): proto.Sample {
  return { bits: BigInt(`0x${bitsOf(value)}`), timestamp: BigInt(at) };
}

/** What a storage gets: series in the order of the request, values as bits. */
export function readRequest(bytes: Buffer): { series: Series[]; metadata: Metadata[] } {
  const { timeseries, metadata } = proto.decodeV1(bytes);
  return {
    series: timeseries.map(({ labels, samples, exemplars, histograms }) => ({
      labels: labels.map(({ name, value }) => [name, value] as const),
      samples: samples.map(({ value, timestamp }) => [hex(BigInt(value)), Number(timestamp)] as const),
      exemplars: exemplars.map((exemplar) => ({
        labels: Object.fromEntries(exemplar.labels.map(({ name, value }) => [name, value])),
        value: hex(BigInt(exemplar.value)),
        at: Number(exemplar.timestamp),
      })),
      histograms: histograms.map(({ timestamp, countInt, positiveDeltas }) => ({
        at: Number(timestamp),
        count: Number(countInt),
        inBucket: Number(positiveDeltas[0]),
      })),
    })),
    metadata: metadata.map(({ metricFamilyName: family, ...rest }) => ({ ...rest, family })),
  };
}

function hex(bits: bigint): string {
  return bits.toString(16).padStart(16, '0');
}

/** Labels of a series by name. */
export function labelsOf({ labels }: Series): Record<string, string> {
  return Object.fromEntries(labels);
}
