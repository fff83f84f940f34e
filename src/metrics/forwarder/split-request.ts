import { ProtobufReader } from '../../wire/protobuf-reader.js';

const SERIES = 0x0a;
const SAMPLE = 0x12;

/** Where one top-level field of a WriteRequest stands, with its tag: bytes [start, end). */
export interface FieldSpan {
  readonly start: number;
  readonly end: number;
}

/** The top-level fields (series and metadata) of a WriteRequest that we have encoded ourselves. */
export function fieldSpans(request: Buffer): FieldSpan[] {
  const reader = new ProtobufReader(request);
  const spans: FieldSpan[] = [];
  while (!reader.done) {
    const start = reader.pos;
    reader.skip(reader.tag());
    spans.push({ start, end: reader.pos });
  }
  return spans;
}

/**
 * Cuts a WriteRequest in two at a field; a request of one series with several samples is cut between its samples, so that
 * the bad one can be told from the good. Returns undefined when there is nothing left to cut.
 */
export function halve(request: Buffer): [Buffer, Buffer] | undefined {
  const spans = fieldSpans(request);
  const middle = spans[Math.floor(spans.length / 2)];
  if (spans.length > 1 && middle !== undefined)
    return [request.subarray(0, middle.start), request.subarray(middle.start)];
  return request[0] === SERIES ? halveSeries(request) : undefined;
}

function halveSeries(request: Buffer): [Buffer, Buffer] | undefined {
  const reader = new ProtobufReader(request);
  reader.tag();
  reader.length();
  const shared: Buffer[] = [];
  const data: Buffer[] = [];
  while (!reader.done) {
    const start = reader.pos;
    const tag = reader.tag();
    reader.skip(tag);
    (tag === 0x0a ? shared : data).push(request.subarray(start, reader.pos));
  }
  if (data.length < 2) return undefined;
  const middle = Math.floor(data.length / 2);
  return [series([...shared, ...data.slice(0, middle)]), series([...shared, ...data.slice(middle)])];
}

function series(fields: Buffer[]): Buffer {
  const body = Buffer.concat(fields);
  const header = [SERIES];
  let rest = body.length;
  for (; rest >= 0x80; rest >>>= 7) header.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([...header, rest]), body]);
}

/** Samples and histograms in a WriteRequest. */
export function countData(request: Buffer): number {
  let count = 0;
  for (const { start, end } of fieldSpans(request)) {
    if (request[start] !== SERIES) continue;
    const reader = new ProtobufReader(request, start, end);
    reader.tag();
    reader.length();
    while (!reader.done) {
      const tag = reader.tag();
      reader.skip(tag);
      if (tag === SAMPLE || tag === 0x22) count++;
    }
  }
  return count;
}
