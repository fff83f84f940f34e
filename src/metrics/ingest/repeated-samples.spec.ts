import { decodeV1, encodeV1, PLAIN } from '../../../test/support/remote-write-proto.js';
import { SmallEnrichment } from '../../../test/support/small-cluster.js';
import { OUTCOME_INDEX } from '../core/outcome.js';

const LABELS = [
  { name: '__name__', value: 'gpu_power' },
  { name: 'gpu_id', value: '0' },
  { name: 'node', value: 'node-a' },
];

/** Times of the samples that come out, series by series, for a request whose series of equal labels have samples of these times. */
function timesOut(enrichment: SmallEnrichment, ...series: number[][]): number[][] {
  const all = series.map((times) => ({
    labels: LABELS,
    samples: times.map((time) => ({ bits: 0n, timestamp: BigInt(time) })),
    histograms: [],
    exemplars: [],
    metadata: undefined,
  }));
  const { timeseries } = decodeV1(enrichment.enrich(encodeV1({ series: all, metadata: [] }, PLAIN)));
  return timeseries.map(({ samples }) => samples.map(({ timestamp }) => Number(timestamp)));
}

describe('samples of one time', () => {
  it.each([
    ['in a series', [[1_000, 1_000, 2_000]], [[1_000, 2_000]], 1],
    ['in a series that the request holds twice', [[1_000], [1_000]], [[1_000]], 1],
    ['and later ones in a series that the request holds twice', [[1_000], [1_000, 2_000]], [[1_000], [2_000]], 1],
    ['never', [[1_000], [2_000]], [[1_000], [2_000]], 0],
  ])('%s', (_where, series, want, duplicates) => {
    const enrichment = new SmallEnrichment();
    for (const time of ['first', 'second', 'third']) {
      expect([time, timesOut(enrichment, ...series)]).toEqual([time, want]);
      expect(enrichment.batch.counts[OUTCOME_INDEX.duplicate]).toBe(duplicates);
    }
  });
});
