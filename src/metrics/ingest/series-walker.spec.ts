import { GRACE, held, node, pod, workload, type InventorySpec } from '../../../test/support/metrics-inventory.js';
import { Pipeline } from '../../../test/support/metrics-pipeline.js';
import {
  bitsOf,
  labelsOf,
  PROMETHEUS_NAN,
  series,
  STALE,
  writeRequest,
  type SampleValue,
  type Series,
} from '../../../test/support/metrics-wire.js';
import { ProtobufWriter } from '../../wire/protobuf-writer.js';

const SPEC: InventorySpec = {
  nodes: [node('n1')],
  workloads: [workload('ml/w'), workload('ml/w2')],
  pods: [pod('ml/p'), pod('ml/q', { ownersKnown: false }), pod('a/same', { uid: 's1' }), pod('b/same', { uid: 's2' })],
  owners: { p: ['w'] },
  bindings: [held('n1/0', 'p'), held('n1/8', null), held('n1/7', 'p', { boundAt: 0, releasedAt: 10 })],
};
const GPU = { __name__: 'gpu_temp', gpu_id: '0', node: 'n1' };
const POD = { __name__: 'cpu', namespace: 'ml', pod: 'p' };

const points = (all: readonly Series[]) => all.map(({ samples }) => samples);
const owners = (all: readonly Series[]) =>
  all.map((one) => `${labelsOf(one)['pod_name'] ?? ''}:${one.samples.map(([, at]) => at).join(',')}`);

describe('counting', () => {
  it('gives every sample exactly one outcome', () => {
    const pipeline = new Pipeline(SPEC);
    const mix: Series[] = [
      series(GPU, [1, 1], [-1, 2], [4294967295, 3], [STALE, 4]),
      series({ __name__: 'other' }, [1, 1]),
      series({ __name__: 'gpu_temp', gpu_id: '0' }, [1, 1]),
      series({ ...GPU, gpu_id: '9' }, [1, 1], [-1, 2]),
      series({ ...GPU, gpu_id: '8' }, [1, 1]),
      series({ ...GPU, gpu_id: '7' }, [1, 5], [1, 10 + GRACE]),
      series({ __name__: 'cpu', pod: 'same' }, [1, 1]),
      series({ ...POD, pod: 'q' }, [1, 1]),
      series({ __name__: 'workload_x', workload_uid: 'w' }, [1, 1]),
      { labels: [['a', 'b']], samples: [[1, 1]] },
      {
        ...series(POD),
        histograms: [
          { at: 1, count: 3, inBucket: 3 },
          { at: 2, count: 9, inBucket: 3 },
        ],
      },
      { ...series(POD), exemplars: [{ labels: {}, value: 1, at: 1 }] },
    ];
    for (let round = 0; round < 2; round++) {
      pipeline.take(...mix);
      expect(pipeline.counts).toEqual({
        emitted: 4,
        unmatched: 1,
        no_node: 1,
        no_device: 2,
        no_pod: 1,
        no_workload: 1,
        ambiguous: 1,
        expired: 1,
        negative: 1,
        sentinel: 1,
        invalid: 2,
        already_enriched: 1,
      });
      const total = Object.values(pipeline.counts).reduce((sum, count) => sum + count, 0);
      expect(total).toBe(pipeline.batch.received.samples + pipeline.batch.received.histograms);
      expect(pipeline.batch.received).toEqual({ samples: 15, histograms: 2, exemplars: 1 });
      expect(pipeline.batch.invalid).toEqual({ samples: 1, histograms: 1, exemplars: 0 });
    }
    const gpu = [...pipeline.activities.seen()].find(({ name }) => name === 'gpu_temp')?.totals();
    expect(gpu).toEqual({ emitted: 6, negative: 2, sentinel: 2, no_node: 2, no_device: 4, no_pod: 2, expired: 2 });
  });
});

describe('values', () => {
  const f = (value: SampleValue, kept: boolean, labels: Record<string, string> = GPU) => {
    const pipeline = new Pipeline(SPEC);
    // The first time every series takes the long way, the second time the fast one.
    for (let round = 1; round <= 2; round++)
      expect(points(pipeline.take(series(labels, [value, round])))).toEqual(kept ? [[[bitsOf(value), round]]] : []);
  };

  it('keep their bits', () => {
    for (const value of [0, -0, 1.5, 5e-324, Infinity, STALE, PROMETHEUS_NAN, 'fff8000000000001', '7ff8000000000000'])
      f(value, true);
  });

  it('below zero are dropped, minus infinity too', () => {
    for (const value of [-1, -5e-324, -Infinity]) f(value, false);
  });

  it('that mean “no value” are dropped for GPUs only', () => {
    for (const value of [4294967295, 2 ** 63, 2147483632, 140737488355328]) {
      f(value, false);
      f(value, true, POD);
    }
    f(2147483631, true);
    f(4294967296, true);
  });

  it('are kept in order where some are dropped', () => {
    const pipeline = new Pipeline(SPEC);
    const line = series(GPU, [1, 1], [-1, 2], [3, 3]);
    expect(points(pipeline.take(line))).toEqual([
      [
        [bitsOf(1), 1],
        [bitsOf(3), 3],
      ],
    ]);
    expect(points(pipeline.take(line))).toEqual([
      [
        [bitsOf(1), 1],
        [bitsOf(3), 3],
      ],
    ]);
  });

  it('have times of any sign', () => {
    const pipeline = new Pipeline(SPEC);
    for (const at of [0, -1, -1_700_000_000_000, 1_700_000_000_000, 2 ** 52])
      expect(points(pipeline.take(series(POD, [1, at])))).toEqual([[[bitsOf(1), at]]]);
  });
});

describe('what goes with samples', () => {
  it('keeps exemplars and histograms', () => {
    const pipeline = new Pipeline(SPEC);
    const exemplars = [{ labels: { trace_id: 'x' }, value: bitsOf(2), at: 1 }];
    const histograms = [{ at: 1, count: 3, inBucket: 3 }];
    const out = pipeline.take({ ...series(GPU, [1, 1]), exemplars }, { ...series(POD), histograms });
    expect(out.map((one) => [one.exemplars, one.histograms])).toEqual([
      [exemplars, []],
      [[], histograms],
    ]);
    expect(pipeline.take({ ...series(GPU, [-1, 1]), exemplars })).toEqual([]);
    expect(pipeline.take({ ...series(GPU), exemplars })).toHaveLength(1);
  });

  it('refuses a histogram that does not add up, alone', () => {
    const pipeline = new Pipeline(SPEC);
    const histograms = [1, 2].map((at) => ({ at, count: at === 1 ? 99 : 3, inBucket: 3 }));
    expect(pipeline.take({ ...series(GPU), histograms })[0]?.histograms).toEqual([histograms[1]]);
    expect(pipeline.batch.firstInvalid).toMatch(/count 99 but 3/);
  });

  it('renames metadata', () => {
    const metadata = { type: 2, family: 'gpu_temp', help: 'Temperature', unit: 'celsius' };
    const request = writeRequest([], [metadata]);
    expect(new Pipeline(SPEC).walk(request).metadata).toEqual([{ ...metadata, family: 'workload_gpu_temp' }]);
    const forwarding = new Pipeline(SPEC, { rules: { forwardUnmatched: true } });
    expect(forwarding.walk(request).metadata.map(({ family }) => family)).toEqual(['workload_gpu_temp', 'gpu_temp']);
  });
});

describe('labels', () => {
  const f = (labels: [string, string][], want: RegExp | undefined) => {
    const pipeline = new Pipeline(SPEC, {
      limits: { maxLabelsPerSeries: 4, maxLabelNameBytes: 20, maxLabelValueBytes: 30 },
    });
    const out = pipeline.take({ labels, samples: [[1, 1]] }, series(GPU, [2, 1]));
    if (want === undefined) expect(pipeline.batch.firstInvalid).toBeUndefined();
    else expect(pipeline.batch.firstInvalid).toMatch(want);
    expect(points(out).at(-1)).toEqual([[bitsOf(2), 1]]);
    expect(out).toHaveLength(want === undefined ? 2 : 1);
  };
  const own: [string, string][] = Object.entries(POD);

  it('that break the rules cost their own series only, and the limit is named', () => {
    f([...own, ['x', 'y']], undefined);
    f([...own, ['x', '']], undefined);
    f([], /without metric name/);
    f(
      [
        ['__name__', ''],
        ['a', 'b'],
      ],
      /without metric name/,
    );
    f([...own, ['pod', 'q']], /label "pod" is not unique/);
    f([...own, ['', 'x']], /a label has no name/);
    f([...own, ['x', 'y'], ['z', 'y']], /METRICS_MAX_LABELS_PER_SERIES of 4/);
    f([...own, ['x'.repeat(21), 'y']], /name of 21 bytes is over METRICS_MAX_LABEL_NAME_BYTES of 20/);
    f([...own, ['x', 'y'.repeat(31)]], /value of 31 bytes is over METRICS_MAX_LABEL_VALUE_BYTES of 30/);
  });

  it('of no value are left out, and unsorted ones are sorted', () => {
    const [out] = new Pipeline(SPEC).take({
      labels: [
        ['z', '1'],
        ['pod', 'p'],
        ['e', ''],
        ['__name__', 'm'],
        ['namespace', 'ml'],
      ],
      samples: [[1, 1]],
    });
    const names = out?.labels.map(([name]) => name) ?? [];
    expect(names).not.toContain('e');
    expect(names).toEqual([...names].sort());
  });

  it('may stand anywhere in a series', () => {
    const text = (value: string, tag: number) => Buffer.concat([Buffer.from([tag, value.length]), Buffer.from(value)]);
    const field = (tag: number, ...parts: Buffer[]) => {
      const writer = new ProtobufWriter();
      writer.bytesField(tag, Buffer.concat(parts));
      return writer.copy();
    };
    const label = (name: string, value: string) => field(0x0a, text(name, 0x0a), text(value, 0x12));
    const sample = field(0x12, Buffer.from('09000000000000f03f1001', 'hex'));
    const request = field(0x0a, label('__name__', 'm'), label('pod', 'p'), sample, label('namespace', 'ml'));
    const pipeline = new Pipeline(SPEC);
    for (let round = 0; round < 2; round++) {
      expect(owners(pipeline.walk(request).series)).toEqual(['p:1']);
      expect(pipeline.counts).toEqual({ emitted: 1 });
    }
  });

  it('are as many series as the limit allows', () => {
    const pipeline = new Pipeline(SPEC, { maxSeries: 2 });
    pipeline.take(series(GPU, [1, 1]), series(POD, [1, 1]));
    expect(() => pipeline.take(series(GPU, [1, 1]), series(POD, [1, 1]), series(POD, [1, 2]))).toThrow(
      /METRICS_MAX_SERIES_PER_REQUEST of 2/,
    );
  });
});

describe('time', () => {
  const moving: InventorySpec = {
    nodes: [node('n1')],
    pods: [pod('ml/a'), pod('ml/b')],
    bindings: [held('n1/0', 'a', { boundAt: 100, releasedAt: 200 }), held('n1/0', 'b', { boundAt: 200 })],
  };
  const line = series(GPU, [0, 50], [1, 150], [2, 199], [3, 200], [4, 250]);

  it('splits a series whose device moved between its samples', () => {
    const pipeline = new Pipeline(moving);
    for (let round = 0; round < 2; round++) {
      expect(owners(pipeline.take(line))).toEqual(['a:150,199', 'b:200,250']);
      expect(pipeline.counts).toEqual({ emitted: 4, no_device: 1 });
    }
    expect(owners(pipeline.take(series(GPU, [1, 150])))).toEqual(['a:150']);
    expect(owners(pipeline.take(series(GPU, [1, 300])))).toEqual(['b:300']);
  });

  it('does not fill the cache with decisions about the past', () => {
    const pipeline = new Pipeline(moving);
    pipeline.take(series(GPU, [1, 300]));
    const before = pipeline.cache.bytes;
    for (let i = 0; i < 5_000; i++) pipeline.take(series(GPU, [1, 150]));
    expect(pipeline.cache.bytes - before).toBeLessThan(2 ** 20);
  });
});
