/** Arbitrary remote-write requests for property tests. */
import fc from 'fast-check';
import { bitsOf, STALE_BITS, type Freedom, type Label, type WriteRequest } from './remote-write-proto.js';

/** Values whose bits matter: stale marker, other NaNs, infinities, zeros, exporters' “no value”, extremes. */
export const SPECIAL_BITS: readonly bigint[] = [
  0x7ff0000000000002n,
  0x7ff8000000000001n,
  0x7ff8000000000000n,
  0xfff8000000000000n,
  0xfff0000000000002n,
  0x7ff0000000000001n,
  0xffffffffffffffffn,
  0x7ff0000000000000n,
  0xfff0000000000000n,
  0n,
  0x8000000000000000n,
  1n,
  0x8000000000000001n,
  0x7fefffffffffffffn,
  ...[1, -1, 0.1, 4294967295, 2 ** 63, 2 ** 64, 0x7ffffff0, 0x7fffffff, 2 ** 47, 2 ** 47 + 3, 2 ** 47 + 4].map(bitsOf),
];

/** Arbitrary values by their bits, special ones often. */
export const bits = fc.oneof(
  fc.constantFrom(...SPECIAL_BITS),
  fc.double().map(bitsOf),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);

/** Arbitrary times (ms): usual ones, zero, negative and as far as int64 goes. */
export const timestamp = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1_000, max: 9_000 }).map(BigInt) },
  { weight: 1, arbitrary: fc.constantFrom(0n, 1n, -1n, 2n ** 31n, 2n ** 53n, 2n ** 56n, 2n ** 62n, -(2n ** 62n)) },
  { weight: 1, arbitrary: fc.integer({ min: 1_700_000_000_000, max: 1_800_000_000_000 }).map(BigInt) },
);

export const sample = fc.record({ bits, timestamp });

export const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.constantFrom('', '\ufeffbom', 'ä', '\u{10ffff}', '\u{e000}', 'a\u0000b', 'x'.repeat(200)),
);

export const exemplar = fc.record({
  labels: fc.array(fc.record({ name: text, value: text }), { maxLength: 3 }),
  bits,
  timestamp,
});

export const histogram = fc.record({
  buckets: fc.array(fc.integer({ min: 0, max: 1_000_000 }), { maxLength: 5 }),
  zeroCount: fc.integer({ min: 0, max: 1_000 }),
  surplus: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(1, 99) }),
  sumBits: fc.constantFrom(bitsOf(0), bitsOf(17.5), bitsOf(-3), STALE_BITS),
  timestamp,
});

export const metadata = fc.record({ type: fc.integer({ min: 0, max: 7 }), help: text, unit: text });

export const freedom: fc.Arbitrary<Freedom> = fc.record({
  order: fc.array(fc.nat(4), { maxLength: 7 }),
  unknownFields: fc.boolean(),
  unpacked: fc.boolean(),
  spellZeros: fc.boolean(),
});

/** Arbitrary requests, the labels of whose series come from `labels`. */
export function writeRequest(labels: fc.Arbitrary<readonly Label[]>): fc.Arbitrary<WriteRequest> {
  const series = fc.record({
    labels,
    samples: fc.array(sample, { maxLength: 4 }),
    exemplars: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(exemplar, { maxLength: 2 })),
    histograms: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(histogram, { maxLength: 2 })),
    metadata: fc.option(metadata, { nil: undefined }),
  });
  return fc.record({
    series: fc.array(series, { maxLength: 5 }),
    metadata: fc.array(
      fc.tuple(metadata, text).map(([rest, family]) => ({ ...rest, family })),
      { maxLength: 2 },
    ),
  });
}
