import { cpuMs } from '../../../test/support/fuzz.js';
import { OUTCOME_INDEX } from '../core/outcome.js';
import { decodeV1 } from '../../../test/support/remote-write-proto.js';
import { LIMITS, RULES, SmallEnrichment } from '../../../test/support/small-cluster.js';
import { MalformedPayload, PayloadLimitExceeded } from '../../wire/malformed-payload.js';
import { ProtobufWriter } from '../../wire/protobuf-writer.js';
import { readLabelBlock, writeLabelBlock } from './label-block.js';
import { readHistogram } from './native-histogram.js';
import { hashBytes } from './slab.js';
import { transcodeV2 } from './transcode-v2.js';

/*
 * Requests made to cost much more than their size: time must grow with the size, not with its square, and memory must
 * not. Bounds are generous (a square would be over them a hundredfold), because they are CPU time of a shared machine.
 */
const field = (tag: number, ...content: Buffer[]): Buffer => {
  const writer = new ProtobufWriter(64);
  writer.bytesField(tag, Buffer.concat(content));
  return writer.copy();
};
const repeated = (piece: Buffer, times: number): Buffer => Buffer.concat(Array<Buffer>(times).fill(piece));
const sample = (timestamp: number): Buffer => {
  const writer = new ProtobufWriter(32);
  writer.varint(0x09);
  writer.double(1.5);
  writer.varint(0x10);
  writer.int64(timestamp);
  return field(0x12, writer.view());
};
const label = (name: string, value: string): Buffer => writeLabelBlock([{ name, value }]);
const GPU = writeLabelBlock([
  { name: '__name__', value: 'gpu_power' },
  { name: 'gpu_id', value: '0' },
  { name: 'node', value: 'node-a' },
]);
const GPU_SERIES = field(0x0a, GPU, sample(1_000));

function expectRefused(work: () => unknown, type: typeof MalformedPayload | typeof PayloadLimitExceeded): void {
  expect(work).toThrow(type);
}

describe('requests made to blow up: 1.0', () => {
  const enrichment = new SmallEnrichment(RULES, { cacheBytes: 64 << 20 });

  const walkMs = (request: Buffer): number => cpuMs(() => enrichment.enrich(request));

  afterEach(() => {
    expect(decodeV1(enrichment.enrich(GPU_SERIES)).timeseries).toHaveLength(1);
  });

  it('200,000 tiny label fields in one series', () => {
    const request = field(0x0a, repeated(field(0x0a), 200_000), sample(1));
    expect(walkMs(request)).toBeLessThan(1_500);
    expect(enrichment.batch.invalidSeries).toBe(1);
  });

  it('200,000 different labels in one label block', () => {
    const block = writeLabelBlock(Array.from({ length: 200_000 }, (_, i) => ({ name: `l${i}`, value: 'v' })));
    expect(cpuMs(() => readLabelBlock(block, 0, block.length, LIMITS))).toBeLessThan(1_500);
  });

  it('50,000 empty series, and not one more', () => {
    expect(walkMs(repeated(field(0x0a), 50_000))).toBeLessThan(1_500);
    expect(enrichment.batch.receivedSeries).toBe(50_000);
    expectRefused(() => enrichment.enrich(repeated(field(0x0a), 50_001)), PayloadLimitExceeded);
  });

  it('1,000,000 unknown fields at each level', () => {
    const unknown = repeated(Buffer.from([0xa0, 0x06, 0x01]), 1_000_000);
    expect(walkMs(unknown)).toBeLessThan(1_500);
    expect(walkMs(field(0x0a, GPU, unknown))).toBeLessThan(1_500);
    expect(walkMs(field(0x0a, GPU, field(0x12, unknown)))).toBeLessThan(1_500);
    expect(walkMs(field(0x0a, field(0x0a, unknown), sample(1)))).toBeLessThan(1_500);
  });

  it('unknown fields within each other are skipped as one', () => {
    let nested: Buffer = Buffer.alloc(0);
    for (let depth = 0; depth < 5_000; depth++) nested = field(0xa2, nested);
    expect(walkMs(Buffer.concat([nested, GPU_SERIES]))).toBeLessThan(500);
  });

  it('a series of 200,000 samples in the fast pattern', () => {
    enrichment.enrich(GPU_SERIES);
    const samples = Array.from({ length: 200_000 }, (_, i) => sample(1_000 + i));
    expect(walkMs(field(0x0a, GPU, Buffer.concat(samples)))).toBeLessThan(2_500);
    expect(enrichment.batch.counts[0]).toBe(200_000);
  });

  it('a series of 200,000 samples one of which is to be dropped', () => {
    const negative = Buffer.from(sample(1_000));
    negative.writeDoubleLE(-1, 3);
    expect(walkMs(field(0x0a, GPU, repeated(sample(1_000), 199_999), negative))).toBeLessThan(2_500);
    expect(enrichment.batch.counts[OUTCOME_INDEX.duplicate]).toBe(199_998);
  });

  it('a series of 1,000,000 samples of two bytes one of which is to be dropped', () => {
    const negative = Buffer.from(sample(1_000));
    negative.writeDoubleLE(-1, 3);
    const tiny = repeated(field(0x12), 1_000_000);
    expect(walkMs(field(0x0a, GPU, tiny, negative))).toBeLessThan(2_500);
    expect(enrichment.batch.counts[OUTCOME_INDEX.duplicate]).toBe(999_999);
  });

  it('100,000 samples older than what the decision of their series covers', () => {
    const bound = Buffer.concat([GPU.subarray(0, -label('node', 'node-a').length), label('node', 'node-a')]);
    bound.write('1', bound.indexOf('gpu_id') + 8);
    const request = field(
      0x0a,
      bound,
      sample(7_000),
      ...Array.from({ length: 1_000 }, (_, i) => sample(3_000 + i)),
      repeated(sample(3_000), 99_000),
    );
    const before = enrichment.cache.bytes;
    expect(walkMs(request)).toBeLessThan(2_500);
    expect(enrichment.batch.counts.reduce((sum, count) => sum + count, 0)).toBe(100_001);
    expect(enrichment.cache.bytes - before).toBeLessThan(4 << 20);
  });

  it('a series of 100,000 alternating label and sample fields', () => {
    const pairs = Array.from({ length: 50_000 }, (_, i) => [label(`l${i}`, 'v'), sample(i)]).flat();
    expect(walkMs(field(0x0a, GPU, ...pairs))).toBeLessThan(2_500);
    expect(enrichment.batch.invalidSeries).toBe(1);
  });

  it('labels whose tags take more bytes than they need, before and after a sample', () => {
    const long = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from([0x8a, 0x80, 0x00]), bytes.subarray(1)]);
    const extra = long(label('x', 'y'));
    for (const parts of [
      [extra, GPU, sample(1_000)],
      [GPU, sample(1_000), extra],
      [GPU, extra, sample(1_000)],
    ]) {
      const [output] = decodeV1(enrichment.enrich(field(0x0a, ...parts))).timeseries;
      expect(output?.labels).toContainEqual({ name: 'x', value: 'y' });
      expect(output?.samples).toHaveLength(1);
    }
  });

  it('1,000 series each with its labels after a sample', () => {
    const series = Array.from({ length: 1_000 }, (_, i) => field(0x0a, sample(1_000), GPU, label('x', String(i))));
    expect(walkMs(Buffer.concat(series))).toBeLessThan(1_000);
    expect(enrichment.batch.counts[0]).toBe(1_000);
  });

  it('32,768 series whose labels collide in the hash, whatever its seed', () => {
    // Multiplication by an odd number keeps a difference in the top bit, which the next word can cancel.
    const series = Array.from({ length: 1 << 15 }, (_, choice) =>
      field(0x0a, GPU, collidingLabel(choice), sample(1_000)),
    );
    const request = Buffer.concat(series);
    expect(hashOfLabels(series[0])).toBe(hashOfLabels(series.at(-1)));
    expect(walkMs(request)).toBeLessThan(6_000);
    expect(walkMs(request)).toBeLessThan(6_000);
    expect(enrichment.batch.receivedSeries).toBe(1 << 15);
  });
});

/** The hash that the cache goes by; the collision holds for any seed. */
function hashOfLabels(series: Buffer | undefined): number {
  const labels = series?.subarray(3, -sample(1_000).length) ?? Buffer.alloc(0);
  return hashBytes(new DataView(labels.buffer, labels.byteOffset, labels.length), 0, labels.length, 12345);
}

/** A label field of which 2^15 variants, chosen by bits, mix to the same hash. */
function collidingLabel(choice: number): Buffer {
  const value = Buffer.alloc(15 * 8, 0x41);
  for (let bit = 0; bit < 15; bit++) {
    if (((choice >> bit) & 1) === 0) continue;
    // The top bits of a word, and of the next one together with its bit 16.
    value[bit * 8 + 3] = 0xc1;
    value[bit * 8 + 6] = 0x40;
    value[bit * 8 + 7] = 0xc1;
  }
  const padding = Buffer.from('p'.repeat((4 - ((GPU.length + 2 + 3 + 2) % 4)) % 4));
  const name = Buffer.concat([Buffer.from('c'), padding]);
  return field(0x0a, field(0x0a, name), field(0x12, value));
}

describe('requests made to blow up: histograms', () => {
  it('millions of buckets in a few bytes each', () => {
    const deltas = field(0x62, Buffer.alloc(4_000_000));
    const before = process.memoryUsage();
    expect(cpuMs(() => readHistogram(deltas, 0, deltas.length))).toBeLessThan(1_500);
    expect(process.memoryUsage().heapUsed - before.heapUsed).toBeLessThan(32 << 20);
  });
});

describe('requests made to blow up: 2.0', () => {
  const limits = { maxDecompressedBytes: 8 << 20, maxSeriesPerRequest: 50_000 };
  const symbol = (size: number): Buffer => field(0x22, Buffer.alloc(size, 0x61));
  const EMPTY = symbol(0);

  /** A refused request may not have taken much more than the limit. */
  function expectContained(request: Buffer): void {
    const before = process.memoryUsage().arrayBuffers;
    expect(
      cpuMs(() => {
        expectRefused(() => transcodeV2(request, limits), PayloadLimitExceeded);
      }),
    ).toBeLessThan(1_000);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(6 * limits.maxDecompressedBytes);
  }

  it('label references that multiply', () => {
    const references = field(0x0a, repeated(Buffer.from([1, 1]), 100_000));
    expectContained(Buffer.concat([EMPTY, symbol(100_000), field(0x2a, references)]));
  });

  it('references that multiply over many series', () => {
    const series = field(0x2a, field(0x0a, Buffer.from([1, 1])));
    expectContained(Buffer.concat([EMPTY, symbol(10_000), repeated(series, 40_000)]));
  });

  it('references of one exemplar, and of many', () => {
    const one = field(0x22, field(0x0a, repeated(Buffer.from([1, 1]), 100_000)));
    expectContained(Buffer.concat([EMPTY, symbol(10_000), field(0x2a, one)]));
    const few = field(0x22, field(0x0a, Buffer.from([1, 1])));
    expectContained(Buffer.concat([EMPTY, symbol(10_000), field(0x2a, repeated(few, 100_000))]));
  });

  it('help texts of metadata, repeated in one series and in many', () => {
    const repeats = field(0x2a, repeated(Buffer.from([0x18, 0x03]), 100_000));
    const named = (number: number, ...rest: Buffer[]): Buffer =>
      field(0x2a, field(0x0a, Buffer.from([1, 0x80 | (number & 0x7f), number >> 7])), ...rest);
    const names = Array.from({ length: 2_000 }, (_, i) => field(0x22, Buffer.from(`m${i}`)));
    const symbols = Buffer.concat([EMPTY, field(0x22, Buffer.from('__name__')), symbol(1), symbol(10_000), ...names]);
    const once = transcodeV2(Buffer.concat([symbols, named(200, repeats)]), limits);
    expect(once.length).toBeLessThan(11_000);
    const help = field(0x2a, Buffer.from([0x08, 0x01, 0x18, 0x03]));
    expectContained(Buffer.concat([symbols, ...names.map((_, i) => named(i + 4, help))]));
  });

  it('a million label reference fields in one series', () => {
    const references = repeated(field(0x0a, Buffer.from([0, 0])), 1_000_000);
    expect(cpuMs(() => transcodeV2(Buffer.concat([EMPTY, field(0x2a, references)]), limits))).toBeLessThan(1_500);
  });

  it('millions of symbols and of samples without content', () => {
    const before = process.memoryUsage();
    const symbols = repeated(EMPTY, 2_000_000);
    const samples = field(0x2a, repeated(field(0x12), 2_000_000));
    const ms = cpuMs(() => transcodeV2(Buffer.concat([symbols, samples]), limits));
    expect(ms).toBeLessThan(3_000);
    expect(process.memoryUsage().heapUsed - before.heapUsed).toBeLessThan(64 << 20);
  });

  it('more series than allowed', () => {
    expectRefused(
      () => transcodeV2(Buffer.concat([EMPTY, repeated(field(0x2a), 50_001)]), limits),
      PayloadLimitExceeded,
    );
  });

  it.each([
    ['no symbols', [field(0x2a)]],
    ['a first symbol that is not empty', [symbol(1), field(0x2a)]],
    ['a reference beyond the symbols', [EMPTY, field(0x2a, field(0x0a, Buffer.from([0, 1])))]],
    ['a reference beyond 2^53', [EMPTY, field(0x2a, field(0x0a, Buffer.from('00ffffffffffffffffff01', 'hex')))]],
    ['an odd number of references', [EMPTY, field(0x2a, field(0x0a, Buffer.from([0])))]],
    ['an odd number of references of an exemplar', [EMPTY, field(0x2a, field(0x22, field(0x0a, Buffer.from([0]))))]],
    ['a reference to a help text beyond the symbols', [EMPTY, field(0x2a, field(0x2a, Buffer.from([0x18, 0x01])))]],
  ])('refuses %s', (_, parts) => {
    expectRefused(() => transcodeV2(Buffer.concat(parts), limits), MalformedPayload);
  });
});
