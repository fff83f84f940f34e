import { pod, type InventorySpec } from '../../../test/support/metrics-inventory.js';
import { Pipeline } from '../../../test/support/metrics-pipeline.js';
import { series, writeRequest, type Point, type Series } from '../../../test/support/metrics-wire.js';

const SPEC: InventorySpec = { pods: [pod('ml/p')] };

/** Series that differ in `job` alone, which enrichment replaces. */
const scrape = (job: string, ...samples: Point[]): Series =>
  series({ __name__: 'm', job, namespace: 'ml', pod: 'p' }, ...samples);
const times = (all: readonly Series[]) => all.flatMap(({ samples }) => samples.map(([, at]) => at));

describe('two series of one output', () => {
  it('never give it two samples of one time, from the first request on', () => {
    const pipeline = new Pipeline(SPEC);
    for (const at of [1, 2, 3]) {
      expect(times(pipeline.take(scrape('a', [1, at]), scrape('b', [2, at])))).toEqual([at]);
      expect(pipeline.counts).toEqual({ emitted: 1, duplicate: 1 });
      pipeline.accept();
    }
  });

  it('meet when the second comes in a request of its own', () => {
    const pipeline = new Pipeline(SPEC);
    for (const at of [1, 2, 3]) {
      pipeline.take(scrape('a', [1, at]));
      pipeline.accept();
    }
    expect(times(pipeline.take(scrape('b', [2, 3])))).toEqual([]);
    pipeline.accept();
    expect(times(pipeline.take(scrape('b', [2, 4])))).toEqual([4]);
    pipeline.accept();
    expect(times(pipeline.take(scrape('a', [2, 4], [2, 5])))).toEqual([5]);
  });

  it('do not overtake each other with several samples', () => {
    const pipeline = new Pipeline(SPEC);
    const request = [scrape('a', [1, 1], [1, 3]), scrape('b', [2, 1], [2, 2], [2, 3], [2, 4])];
    expect(times(pipeline.take(...request))).toEqual([1, 3, 4]);
  });

  it('are sent again as the same bytes', () => {
    const pipeline = new Pipeline(SPEC);
    const request = writeRequest([scrape('a', [1, 1]), scrape('b', [2, 1]), scrape('b', [2, 2])]);
    const first = pipeline.walk(request).bytes;
    pipeline.refuse();
    const second = pipeline.walk(request).bytes;
    pipeline.accept();
    expect(second.equals(first)).toBe(true);
    expect(pipeline.walk(request).bytes.equals(first)).toBe(true);
  });

  it('may take over what the other could not deliver', () => {
    const pipeline = new Pipeline(SPEC);
    pipeline.take(scrape('a', [1, 1]), scrape('b', [1, 1]));
    pipeline.accept();
    pipeline.take(scrape('a', [1, 2]));
    pipeline.refuse();
    expect(times(pipeline.take(scrape('b', [1, 2])))).toEqual([2]);
  });
});
