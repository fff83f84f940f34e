import { ProtobufReader } from '../../wire/protobuf-reader.js';
import { STALE_NAN_HIGH, STALE_NAN_LOW } from '../core/sample-value.js';

/*
 * Histogram: count_int 1 uint64, count_float 2 double, sum 3 double, schema 4 sint32, zero_threshold 5 double,
 *   zero_count_int 6 uint64, zero_count_float 7 double, negative_spans 8 BucketSpan, negative_deltas 9 sint64 packed,
 *   negative_counts 10 double packed, positive_spans 11, positive_deltas 12, positive_counts 13, reset_hint 14,
 *   timestamp 15 int64 (ms), custom_values 16 double packed
 * BucketSpan: offset 1 sint32, length 2 uint32
 * (prompb/types.proto)
 */
const tag = (field: number, wireType: number): number => field * 8 + wireType;

/** What is looked at of a native histogram; its bytes are passed on as they are. */
export interface NativeHistogram {
  /** ms */
  readonly timestamp: number;
  readonly stale: boolean;
  /** Why a storage would refuse it, if it would. */
  readonly problem: string | undefined;
}

/** Sums over the buckets of one side: a few bytes may hold millions of buckets, so they are not kept. */
interface Side {
  /** Buckets that the spans announce. */
  announced: number;
  /** Buckets that follow. */
  buckets: number;
  /** Observations in them. */
  total: number;
  hasNegative: boolean;
  /** Count of the last bucket, which the next integer one is written as a difference from. */
  running: number;
}

/**
 * Reads time and consistency of the histogram in bytes [start, end).
 * A histogram is consistent when spans and buckets agree, no bucket is negative and an integer count equals the sum of
 * its buckets. (Prometheus, histogram.Validate)
 * @throws MalformedPayload
 */
export function readHistogram(bytes: Buffer, start: number, end: number): NativeHistogram {
  const reader = new ProtobufReader(bytes, start, end);
  const sides: { negative: Side; positive: Side } = { negative: newSide(), positive: newSide() };
  let timestamp = 0;
  let count: number | undefined = 0;
  let zeroCount = 0;
  let sumIsNaN = false;
  let stale = false;
  while (!reader.done) {
    const field = reader.tag();
    switch (field) {
      case tag(1, 0):
        count = reader.varint();
        break;
      case tag(2, 1):
        reader.double();
        count = undefined;
        break;
      case tag(3, 1):
        sumIsNaN = Number.isNaN(reader.double());
        stale =
          bytes.readUInt32LE(reader.pos - 8) === STALE_NAN_LOW && bytes.readUInt32LE(reader.pos - 4) === STALE_NAN_HIGH;
        break;
      case tag(6, 0):
        zeroCount = reader.varint();
        break;
      case tag(15, 0):
        timestamp = reader.int64();
        break;
      default:
        if (!readSide(reader, field, sides)) reader.skip(field);
    }
  }
  const problem = stale ? undefined : check(sides.negative, sides.positive, count, zeroCount, sumIsNaN);
  return { timestamp, stale, problem };
}

function newSide(): Side {
  return { announced: 0, buckets: 0, total: 0, hasNegative: false, running: 0 };
}

/** Reads a field of one side's spans or buckets; returns false for any other field. */
function readSide(reader: ProtobufReader, field: number, sides: { negative: Side; positive: Side }): boolean {
  const number = Math.floor(field / 8);
  const side = number <= 10 ? sides.negative : sides.positive;
  const role = number <= 10 ? number - 8 : number - 11;
  if (role < 0 || role > 2) return false;
  if ((field & 7) === 2) return readPacked(reader, role, side);
  // Writers may leave repeated numbers unpacked; readers accept both. (protobuf encoding)
  if (role === 1 && (field & 7) === 0) addDelta(side, reader.zigzag());
  else if (role === 2 && (field & 7) === 1) addBucket(side, reader.double());
  else return false;
  return true;
}

function readPacked(reader: ProtobufReader, role: number, side: Side): true {
  const outer = reader.end;
  reader.end = reader.length() + reader.pos;
  if (role === 0) side.announced += readSpanLength(reader);
  else if (role === 1) while (!reader.done) addDelta(side, reader.zigzag());
  else while (!reader.done) addBucket(side, reader.double());
  reader.end = outer;
  return true;
}

function readSpanLength(reader: ProtobufReader): number {
  let length = 0;
  while (!reader.done) {
    const field = reader.tag();
    if (field === tag(2, 0)) length = reader.varint();
    else reader.skip(field);
  }
  return length;
}

/** Integer buckets are written as differences from the one before. */
function addDelta(side: Side, delta: number): void {
  side.running += delta;
  addBucket(side, side.running);
}

function addBucket(side: Side, count: number): void {
  side.buckets++;
  side.total += count;
  if (count < 0) side.hasNegative = true;
}

function check(
  negative: Side,
  positive: Side,
  count: number | undefined,
  zeroCount: number,
  sumIsNaN: boolean,
): string | undefined {
  for (const side of [negative, positive]) {
    if (side.announced !== side.buckets)
      return `histogram spans announce ${side.announced} buckets, ${side.buckets} follow`;
    if (side.hasNegative) return 'histogram with a negative bucket';
  }
  // Beyond 2^53 numbers are not exact, so the comparison would prove nothing.
  if (count === undefined || count > Number.MAX_SAFE_INTEGER) return undefined;
  const total = zeroCount + negative.total + positive.total;
  // Observations of NaN count, but fall into no bucket.
  if (sumIsNaN ? total > count : total !== count)
    return `histogram count ${count} but ${total} observations in its buckets`;
  return undefined;
}
