import fc from 'fast-check';
import { held, node, pod, workload, type InventorySpec } from '../../../test/support/metrics-inventory.js';
import { Pipeline } from '../../../test/support/metrics-pipeline.js';
import { series, STALE, writeRequest, type SampleValue, type Series } from '../../../test/support/metrics-wire.js';
import { snappyCompress, snappyUncompress } from '../../wire/snappy.js';
import { fieldSpans } from '../forwarder/split-request.js';
import { OutgoingBatch } from './outgoing-batch.js';
import { OutputDeltas } from './output-deltas.js';

/*
 * What a request becomes when outputs are written as elements kept from before, against the same without: whatever the order
 * of the series, and whatever stands between them.
 */
const MIB = 1 << 20;

const spec = (job: string): InventorySpec => ({
  nodes: [node('n1')],
  workloads: [workload(`ml/${job}`)],
  pods: [pod('ml/p')],
  owners: { p: [job] },
  bindings: Array.from({ length: 8 }, (_, no) => held(`n1/${no}`, 'p')),
});

/** A pipeline whose batch knows deltas. */
class Compressing extends Pipeline {
  private readonly deltas = new OutputDeltas(this.cache);
  readonly compressed = new OutgoingBatch(64 * 1024, this.deltas);

  requests(request: Buffer): { blocks: Buffer[]; contents: Buffer[] } {
    this.compressed.reset();
    this.walker.walk(request, this.compressed);
    const held = this.compressed.finish();
    const blocks = held.map(({ bytes }) => Buffer.from(bytes));
    for (const block of held) block.release();
    return { blocks, contents: blocks.map((block) => snappyUncompress(block, 32 * MIB, 'limit')) };
  }

  get encoded(): number {
    return [...this.cache.entries()].filter((entry) => entry.deltaSlab !== null).length;
  }
}

/** The i-th of many similar series; every seventh does not fit the fast pattern. */
function nth(i: number, at: number, value: SampleValue): Series {
  const labels = {
    ...{ __name__: `gpu_metric_${Math.floor(i / 8)}`, gpu_id: String(i % 8), node: 'n1' },
    ...{ card_model: '102-G30211-0C', serial_number: `69230${'0'.repeat(i % 3)}${i}`, environment: 'production' },
  };
  const one = series(labels, [value, at]);
  if (i % 7 === 3) return { ...one, exemplars: [{ labels: {}, value: 1, at }] };
  return i % 7 === 5 ? { ...one, samples: [...one.samples, [value, at + 1]] } : one;
}

interface Step {
  readonly order: readonly number[];
  readonly zeros: boolean;
  readonly metadataFirst: boolean;
  readonly event: 'none' | 'rotate' | 'other owner' | 'refused';
}

const COUNT = 40;
const all = Array.from({ length: COUNT }, (_, i) => i);
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    // Mostly the same order, with beginnings and gaps of all kinds; sometimes any order, with repetitions.
    order: fc.oneof(
      { weight: 4, arbitrary: fc.constant(all) },
      { weight: 3, arbitrary: fc.subarray(all) },
      { weight: 1, arbitrary: fc.array(fc.integer({ min: 0, max: COUNT - 1 })) },
    ),
    zeros: fc.boolean(),
    metadataFirst: fc.boolean(),
    event: fc.oneof(
      { weight: 8, arbitrary: fc.constant<Step['event']>('none') },
      fc.constantFrom<Step['event']>('rotate', 'other owner', 'refused'),
    ),
  }),
  { minLength: 3, maxLength: 12 },
);

function requestOf({ order, zeros, metadataFirst }: Step, at: number): Buffer {
  const values: readonly SampleValue[] = [1, 22.5, 0, STALE];
  const lines = order.map((i) => nth(i, at, zeros ? (values[(i + at) % values.length] ?? 0) : 1));
  const metadata = { type: 2, family: 'gpu_metric_1', help: 'h', unit: '' };
  const request = writeRequest(lines, metadataFirst ? [] : [metadata]);
  return metadataFirst ? Buffer.concat([writeRequest([], [metadata]), request]) : request;
}

function apply(pipeline: Pipeline, event: Step['event'], i: number): void {
  if (event === 'refused') pipeline.refuse();
  else pipeline.accept();
  if (event === 'rotate') pipeline.cache.rotate();
  if (event === 'other owner') pipeline.change(spec(`w${i}`));
}

describe('outputs that follow one another', () => {
  it('are sent as what they are, in any order and with anything between them', () => {
    let encoded = 0;
    fc.assert(
      fc.property(steps, (given) => {
        const plain = new Pipeline(spec('w'));
        const compressing = new Compressing(spec('w'));
        for (const [i, step] of given.entries()) {
          const request = requestOf(step, 1_000 + i * 10);
          const { bytes } = plain.walk(request);
          expect(Buffer.concat(compressing.requests(request).contents).equals(bytes)).toBe(true);
          for (const pipeline of [plain, compressing]) apply(pipeline, step.event, i);
          encoded += compressing.encoded;
        }
      }),
    );
    expect(encoded).toBeGreaterThan(1_000);
  });

  // The native codec finds repetitions anywhere in 64 KiB; series as short as these leave much of the difference to see.
  it('take less than twice what the native codec makes of them', () => {
    const compressing = new Compressing(spec('w'), { maxSeries: 2_000 });
    const lines = (at: number) =>
      Array.from({ length: 2_000 }, (_, i) => series(labelsAt(i), [(i * 2654435761) % 100_000, at]));
    const labelsAt = (i: number) => Object.fromEntries(nth(i, 0, 0).labels);
    let size = 0;
    let native = 0;
    for (let at = 1; at <= 4; at++) {
      const { blocks, contents } = compressing.requests(writeRequest(lines(at)));
      size = Buffer.concat(blocks).length;
      native = snappyCompress(Buffer.concat(contents)).length;
    }
    expect(compressing.encoded).toBe(1_999);
    expect(size / native).toBeLessThan(2);
  });

  it('begin anew in each request to the storage', () => {
    const limits = { maxLabelValueBytes: 7_000 };
    const compressing = new Compressing(spec('w'), { limits, maxSeries: 3_000, cacheBytes: 2 ** 28 });
    const long = 'x'.repeat(6_500);
    const request = (at: number): Buffer =>
      writeRequest(
        Array.from({ length: 2_700 }, (_, i) =>
          series({ __name__: `gpu_${i}`, gpu_id: '0', node: 'n1', long }, [1, at]),
        ),
      );
    for (let at = 1; at <= 4; at++) {
      const { contents } = compressing.requests(request(at));
      expect(contents).toHaveLength(2);
      expect(contents.flatMap(fieldSpans)).toHaveLength(2_700);
    }
    expect(compressing.encoded).toBe(2_699);
  });
});
