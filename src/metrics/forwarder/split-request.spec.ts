import fc from 'fast-check';
import { writeRequest } from '../../../test/support/remote-write-arbitraries.js';
import { decodeV1, encodeV1, PLAIN, type DecodedRequest } from '../../../test/support/remote-write-proto.js';
import { countData, fieldSpans, halve } from './split-request.js';

const requests = writeRequest(
  fc.constantFrom('a', 'b', 'x'.repeat(200)).map((value) => [
    { name: '__name__', value: 'm' },
    { name: 'l', value },
  ]),
);

/** All data of requests, each with the labels of its series, in order. */
function dataOf(decoded: readonly DecodedRequest[]): unknown[] {
  return decoded.flatMap(({ timeseries }) =>
    timeseries.flatMap(({ labels, samples, histograms }) =>
      [...samples, ...histograms].map((datum) => JSON.stringify([labels, datum])),
    ),
  );
}

/** The smallest pieces that halving again and again comes to. */
function atoms(request: Buffer): Buffer[] {
  const halves = halve(request);
  if (halves === undefined) return [request];
  expect(halves[0].length).toBeGreaterThan(0);
  expect(halves[1].length).toBeGreaterThan(0);
  return halves.flatMap(atoms);
}

describe('splitting a request', () => {
  it('by halves keeps every sample and histogram with its labels, in order, down to single ones', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const body = encodeV1(request, PLAIN);
        const pieces = atoms(body);
        const decoded = pieces.map(decodeV1);
        expect(dataOf(decoded)).toEqual(dataOf([decodeV1(body)]));
        expect(decoded.flatMap(({ metadata }) => metadata)).toEqual(decodeV1(body).metadata);
        for (const piece of pieces) expect(countData(piece)).toBeLessThanOrEqual(1);
        for (const piece of pieces) expect(fieldSpans(piece).length).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('counts samples and histograms', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const count = request.series.reduce((sum, one) => sum + one.samples.length + one.histograms.length, 0);
        expect(countData(encodeV1(request, PLAIN))).toBe(count);
      }),
    );
  });

  it('has nothing to cut in an empty request, a series without data and one with one sample', () => {
    expect(halve(Buffer.alloc(0))).toBeUndefined();
    expect(halve(Buffer.from('0a00', 'hex'))).toBeUndefined();
    expect(halve(Buffer.from('0a021200', 'hex'))).toBeUndefined();
    expect(halve(Buffer.from('1a00', 'hex'))).toBeUndefined();
  });

  it('cuts a series longer than 127 and 16,383 bytes', () => {
    for (const count of [40, 2_000]) {
      const samples = Buffer.concat(Array<Buffer>(count).fill(Buffer.from('120b090000000000000000101f', 'hex')));
      const length = samples.length;
      const header =
        length < 16_384
          ? [0x0a, (length & 0x7f) | 0x80, length >> 7]
          : [0x0a, (length & 0x7f) | 0x80, ((length >> 7) & 0x7f) | 0x80, length >> 14];
      const [first, second] = halve(Buffer.concat([Buffer.from(header), samples])) ?? [];
      expect(countData(first!) + countData(second!)).toBe(count);
      expect(countData(first!)).toBe(count / 2);
    }
  });
});
