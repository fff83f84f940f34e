import { held, node, pod, workload, type InventorySpec } from '../../../test/support/metrics-inventory.js';
import { Pipeline } from '../../../test/support/metrics-pipeline.js';
import { labelsOf, series, writeRequest, type Series } from '../../../test/support/metrics-wire.js';

const SPEC: InventorySpec = {
  nodes: [node('n1'), node('n2')],
  workloads: [workload('ml/w'), workload('ml/v')],
  pods: [pod('ml/a'), pod('ml/b')],
  owners: { a: ['w'], b: ['v'] },
  bindings: [held('n1/0', 'a'), held('n2/0', 'b', { id: 'moving' })],
};
const gpu = (on: string, extra = ''): Series => series({ __name__: 'gpu_temp', extra, gpu_id: '0', node: on }, [1, 1]);
const owners = (all: readonly Series[]) =>
  all.map((one) => `${labelsOf(one)['pod_name'] ?? ''}/${labelsOf(one)['workload_name'] ?? ''}`);
const many = (count: number, from = 0): Series[] => Array.from({ length: count }, (_, i) => gpu('n1', `s${from + i}`));

describe('the cache of series', () => {
  it('gives the same bytes the second time, in any order', () => {
    const pipeline = new Pipeline(SPEC);
    const all = [gpu('n1'), gpu('n2'), gpu('n1', 'x'), series({ __name__: 'other' }, [1, 1])];
    const fresh = (list: Series[]) => new Pipeline(SPEC).walk(writeRequest(list)).bytes;
    for (const list of [all, all, [...all].reverse(), all.slice(1), [...all, ...all], all])
      expect(pipeline.walk(writeRequest(list)).bytes.equals(fresh(list))).toBe(true);
    expect(pipeline.cache.size).toBe(4);
  });

  it('forgets what an inventory change affects, and only that', () => {
    const pipeline = new Pipeline(SPEC);
    pipeline.take(gpu('n1'), gpu('n2'));
    const decisions = () => [...pipeline.cache.entries()].map(({ decision }) => decision);
    const [first, second] = decisions();
    pipeline.change({ bindings: [held('n2/0', 'a', { id: 'moving' })] });
    expect(owners(pipeline.take(gpu('n1'), gpu('n2')))).toEqual(['a/w', 'a/w']);
    expect(decisions()[0]).toBe(first);
    expect(decisions()[1]).not.toBe(second);
    pipeline.change({ owners: { a: ['v'] } });
    expect(owners(pipeline.take(gpu('n1')))).toEqual(['a/v', 'a/w']);
    pipeline.change({ pods: [pod('dev/nobody')] });
    expect(owners(pipeline.take(gpu('n1')))).toEqual(['a/v', 'a/w']);
  });

  it('finds what was unknown as soon as it is known', () => {
    const pipeline = new Pipeline({ nodes: [node('n1')] });
    expect(owners(pipeline.take(gpu('n1')))).toEqual([]);
    pipeline.change(SPEC);
    expect(owners(pipeline.take(gpu('n1')))).toEqual(['a/w']);
  });

  it('keeps what is used and lets go of the rest', () => {
    const pipeline = new Pipeline(SPEC, { maxSeries: 5_000 });
    pipeline.take(...many(5_000));
    const full = pipeline.cache.bytes;
    pipeline.cache.rotate();
    expect(owners(pipeline.take(gpu('n1', 's7')))).toEqual(['a/w']);
    expect(pipeline.cache.size).toBe(5_000);
    pipeline.cache.rotate();
    expect(pipeline.cache.size).toBe(1);
    expect(pipeline.cache.evicted).toBe(4_999);
    while (pipeline.cache.collect(1_000));
    expect(pipeline.cache.bytes).toBeLessThan(full);
    pipeline.change({ bindings: [held('n1/0', 'b', { id: 'n1/0/gpu/a/' })] });
    for (let round = 0; round < 2; round++)
      expect(new Set(owners(pipeline.take(...many(50))))).toEqual(new Set(['b/v']));
  });

  it('does not follow entries that were dropped', () => {
    const pipeline = new Pipeline(SPEC);
    const all = many(20);
    pipeline.take(...all);
    for (let round = 0; round < 6; round++) {
      pipeline.cache.rotate();
      const some = all.filter((_, i) => i % 3 !== round % 3);
      expect(pipeline.take(...some)).toHaveLength(some.length);
      pipeline.cache.collect(10_000);
      for (const entry of pipeline.cache.entries()) {
        if (entry.follower !== null && pipeline.cache.isLive(entry.follower))
          expect(entry.follower.slab.bytes.length).toBeGreaterThan(0);
      }
      expect(pipeline.take(...all)).toHaveLength(all.length);
    }
  });

  it('stays right and within its bound under a flood of series', () => {
    const pipeline = new Pipeline(SPEC, { cacheBytes: 8 * 2 ** 20 });
    for (let from = 0; from < 60_000; from += 1_000) {
      expect(pipeline.take(gpu('n2'), ...many(999, from))).toHaveLength(1_000);
      expect(pipeline.cache.bytes).toBeLessThan(11 * 2 ** 20);
    }
    expect(owners(pipeline.take(gpu('n2')))).toEqual(['b/v']);
    expect(pipeline.cache.evicted).toBeGreaterThan(10_000);
  });
});

describe('a capture', () => {
  it('sees each sample of the series it asks for, with its outcome', () => {
    const pipeline = new Pipeline(SPEC);
    const seen: unknown[] = [];
    pipeline.take(gpu('n1'));
    pipeline.decisions.capture = {
      id: 1,
      matches: (labels) => labels.some(({ name, value }) => name === 'node' && value === 'n1'),
      record: ({ timestamp, outcome, value }) => seen.push([timestamp, outcome, value]),
    };
    const line = {
      ...gpu('n1'),
      samples: [
        [5, 1],
        [-5, 2],
      ],
    } as Series;
    expect(pipeline.take(line, gpu('n2'))).toHaveLength(2);
    expect(seen).toEqual([
      [1, 0, 5],
      [2, 9, -5],
    ]);
    pipeline.decisions.capture = undefined;
    pipeline.take(line);
    expect(seen).toHaveLength(2);
  });
});
