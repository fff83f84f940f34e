import fc from 'fast-check';
import { freedom, text, writeRequest } from '../../../test/support/remote-write-arbitraries.js';
import {
  bitsOf,
  decodeV1,
  encodeV1,
  encodeV2,
  PLAIN,
  STALE_BITS,
  type DecodedRequest,
  type DecodedSeries,
  type Exemplar,
  type Histogram,
  type Label,
  type Series,
  type WriteRequest,
} from '../../../test/support/remote-write-proto.js';
import { LIMITS, RULES, SmallEnrichment } from '../../../test/support/small-cluster.js';
import { decide } from '../core/decide.js';
import { OUTCOME_INDEX, OUTCOMES } from '../core/outcome.js';
import { isSentinel } from '../core/sample-value.js';
import { transcodeV2 } from './transcode-v2.js';

/*
 * The walker against a naive implementation of the same rules with objects and maps; both sides' bytes are read by
 * protobufjs. Values are compared by bits.
 */
const RUNS = 1_000 * Number(process.env.FUZZ_FACTOR ?? 1);
const V2_LIMITS = { maxDecompressedBytes: 1 << 20, maxSeriesPerRequest: 1_000 };

/** Labels as senders write them and as they should not: any order, repeated, empty, over limits, with and without owners. */
const labels: fc.Arbitrary<readonly Label[]> = fc
  .tuple(
    fc.constantFrom('gpu_power', 'gpu_temp_', 'workload_gpu_power', 'node_load1', 'up', 'métrique', ''),
    fc.subarray([
      ['node', 'node-a'],
      ['gpu_id', '0'],
      ['pod', 'pod-1-näme'],
      ['namespace', 'ml'],
      ['workload_uid', 'theirs'],
      ['job', 'exporter'],
      ['__name', 'a'],
      ['~', 'z'],
    ] as const),
    fc.option(fc.constantFrom('0', '1', '2'), { nil: undefined }),
    fc.array(fc.record({ name: text, value: text }), { maxLength: 2 }),
    fc.array(fc.nat(), { maxLength: 12 }),
  )
  .map(([metric, known, gpu, odd, order]) => {
    const all = [
      { name: '__name__', value: metric },
      ...known.map(([name, value]) => ({ name, value: name === 'gpu_id' ? (gpu ?? value) : value })),
      ...odd,
    ];
    return all
      .map((label, i) => ({ label, rank: order[i] ?? i }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ label }) => label);
  });

/** Tells the series of all runs apart, so that none contests the output of another. */
let serial = 0;

const requests = writeRequest(labels).map((request) => ({
  ...request,
  series: request.series.map((series) => ({
    ...series,
    labels: [...series.labels, { name: 'unique_series', value: String(serial++) }],
  })),
}));

const index = new SmallEnrichment().index;

interface Expected {
  readonly labels: readonly Label[];
  readonly samples: { value: string; timestamp: string }[];
  readonly exemplars: object[];
  readonly histograms: object[];
}

function isValid(all: readonly Label[]): boolean {
  const bytes = (text: string): number => Buffer.byteLength(text);
  const names = all.map(({ name }) => name);
  return (
    !names.includes('') &&
    new Set(names).size === names.length &&
    all.some(({ name, value }) => name === '__name__' && value !== '') &&
    all.length <= LIMITS.maxLabelsPerSeries &&
    all.every(({ name, value }) => bytes(name) <= LIMITS.maxLabelNameBytes && bytes(value) <= LIMITS.maxLabelValueBytes)
  );
}

function valueOf(bits: bigint): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}

/** The naive implementation for one series: its outputs by their labels. */
function expectedOutputs(series: Series, rules = RULES): Expected[] {
  if (!isValid(series.labels)) return [];
  const outputs = new Map<string, Expected>();
  const outputsAt = (timestamp: bigint): Expected[] => {
    const decision = decide(series.labels, Number(timestamp), index, rules);
    const all = decision.series.map((one) => one.labels);
    if (decision.outcome === 'forwarded') all.push(sorted(series.labels));
    return all.map((own) => {
      const key = JSON.stringify(own);
      const output = outputs.get(key) ?? { labels: own, samples: [], exemplars: [], histograms: [] };
      outputs.set(key, output);
      return output;
    });
  };
  // Of several samples of one time the first counts.
  const times = { samples: new Set<bigint>(), histograms: new Set<bigint>() };
  const isFirst = (seen: Set<bigint>, timestamp: bigint): boolean => seen.size < seen.add(timestamp).size;
  for (const { bits, timestamp } of series.samples) {
    const value = valueOf(bits);
    const isGpu = decide(series.labels, Number(timestamp), index, rules).deviceClass === 'gpu';
    if (value < 0 || (isGpu && isSentinel(value))) continue;
    if (!isFirst(times.samples, timestamp)) continue;
    for (const output of outputsAt(timestamp))
      output.samples.push({ value: String(bits), timestamp: String(timestamp) });
  }
  for (const histogram of series.histograms) {
    if (histogram.surplus !== 0 && histogram.sumBits !== STALE_BITS) continue;
    if (!isFirst(times.histograms, histogram.timestamp)) continue;
    for (const output of outputsAt(histogram.timestamp)) output.histograms.push(decodedHistogram(histogram));
  }
  const onlyExemplars = series.samples.length + series.histograms.length === 0;
  for (const exemplar of series.exemplars) {
    for (const output of outputsAt(exemplar.timestamp)) output.exemplars.push(decodedExemplar(exemplar));
  }
  return [...outputs.values()].filter(
    (output) => onlyExemplars || output.samples.length + output.histograms.length > 0,
  );
}

function sorted(all: readonly Label[]): Label[] {
  return all
    .filter(({ value }) => value !== '')
    .sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
}

function decodedHistogram(histogram: Histogram): object {
  return seriesOf({ histograms: [histogram] }).histograms[0] ?? {};
}

function decodedExemplar(exemplar: Exemplar): object {
  return seriesOf({ exemplars: [exemplar] }).exemplars[0] ?? {};
}

function seriesOf(part: Partial<Series>): DecodedSeries {
  const whole = { labels: [], samples: [], exemplars: [], histograms: [], metadata: undefined, ...part };
  return decodeV1(encodeV1({ series: [whole], metadata: [] }, PLAIN)).timeseries[0] as DecodedSeries;
}

/** What a decoded output says, in an order that does not depend on which output was written first. */
function comparable(series: readonly (Expected | DecodedSeries)[]): string[] {
  return series.map((one) => JSON.stringify([one.labels, one.samples, one.histograms, one.exemplars])).sort();
}

function expectSortedAndUnique({ timeseries }: DecodedRequest): void {
  for (const { labels: all } of timeseries) {
    for (let i = 1; i < all.length; i++) {
      expect(Buffer.compare(Buffer.from(all[i - 1]?.name ?? ''), Buffer.from(all[i]?.name ?? ''))).toBeLessThan(0);
    }
  }
}

describe('enrichment compared with a naive implementation through protobufjs', () => {
  for (const forwardUnmatched of [false, true]) {
    const rules = { ...RULES, forwardUnmatched };
    // Small enough that entries are evicted and generations change in the course of the run.
    const enrichment = new SmallEnrichment(rules, { cacheBytes: 2_500_000 });
    const seen = new Float64Array(OUTCOMES.length);

    it(`1.0 requests, forwardUnmatched ${String(forwardUnmatched)}`, () => {
      fc.assert(
        fc.property(requests, freedom, fc.boolean(), (request, how, again) => {
          const body = encodeV1(request, how);
          if (again) enrichment.enrich(body);
          const decoded = decodeV1(enrichment.enrich(body));
          enrichment.batch.counts.forEach((count, i) => (seen[i] = (seen[i] ?? 0) + count));
          expectSortedAndUnique(decoded);
          expect(comparable(decoded.timeseries)).toEqual(
            comparable(request.series.flatMap((series) => expectedOutputs(series, rules))),
          );
          expect(decoded.metadata).toEqual(expectedMetadata(request, forwardUnmatched));
        }),
        { numRuns: RUNS },
      );
    });

    it(`2.0 requests, forwardUnmatched ${String(forwardUnmatched)}`, () => {
      fc.assert(
        fc.property(requests, freedom, (request, how) => {
          const decoded = decodeV1(enrichment.enrich(transcodeV2(encodeV2(request, how), V2_LIMITS)));
          expectSortedAndUnique(decoded);
          expect(comparable(decoded.timeseries)).toEqual(
            comparable(request.series.flatMap((series) => expectedOutputs(series, rules))),
          );
        }),
        { numRuns: RUNS },
      );
    });

    it(`… and these requests have met every case, forwardUnmatched ${String(forwardUnmatched)}`, () => {
      const cases = [
        'emitted',
        'negative',
        'sentinel',
        'invalid',
        forwardUnmatched ? 'forwarded' : 'no_device',
      ] as const;
      for (const outcome of cases) expect(seen[OUTCOME_INDEX[outcome]]).toBeGreaterThan(RUNS / 100);
      expect(enrichment.cache.evicted).toBeGreaterThan(0);
    });
  }

  it('a 2.0 request transcoded says what the 1.0 request says', () => {
    fc.assert(
      fc.property(requests, freedom, (request, how) => {
        const transcoded = decodeV1(transcodeV2(encodeV2(request, how), V2_LIMITS));
        expect(transcoded.timeseries).toEqual(decodeV1(encodeV1(request, PLAIN)).timeseries);
        expect(transcoded.metadata).toEqual(familiesOf(request.series));
      }),
      { numRuns: RUNS },
    );
  });

  it('counts every datum once', () => {
    const enrichment = new SmallEnrichment();
    fc.assert(
      fc.property(requests, freedom, (request, how) => {
        enrichment.enrich(encodeV1(request, how));
        const { received, counts, receivedSeries } = enrichment.batch;
        const total = (of: (series: Series) => readonly unknown[]): number =>
          request.series.reduce((sum, series) => sum + of(series).length, 0);
        expect(receivedSeries).toBe(request.series.length);
        expect(received).toEqual({
          samples: total((series) => series.samples),
          histograms: total((series) => series.histograms),
          exemplars: total((series) => series.exemplars),
        });
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(received.samples + received.histograms);
      }),
      { numRuns: RUNS },
    );
  });

  it('keeps stale markers to the bit, in samples and histograms, on either path', () => {
    const enrichment = new SmallEnrichment();
    const series: Series = {
      labels: [
        { name: '__name__', value: 'gpu_power' },
        { name: 'gpu_id', value: '0' },
        { name: 'node', value: 'node-a' },
      ],
      samples: [{ bits: STALE_BITS, timestamp: 1_000n }],
      exemplars: [],
      histograms: [],
      metadata: undefined,
    };
    const irregular = { ...series, samples: [...series.samples, { bits: bitsOf(-1), timestamp: 1_001n }] };
    for (const one of [series, series, irregular, irregular]) {
      const [output] = decodeV1(enrichment.enrich(encodeV1({ series: [one], metadata: [] }))).timeseries;
      expect(output?.samples).toEqual([{ value: String(STALE_BITS), timestamp: '1000' }]);
      expect(enrichment.batch.feeds.stale).toEqual([0]);
    }
  });
});

function expectedMetadata({ metadata }: WriteRequest, forwardUnmatched: boolean): object[] {
  return metadata.flatMap(({ family, ...rest }) => {
    if (family === '') return [];
    const original = { ...rest, metricFamilyName: family };
    const spelled = { ...original, metricFamilyName: RULES.namePrefix + family };
    return forwardUnmatched ? [spelled, original] : [spelled];
  });
}

/** Metadata of 2.0: once per family, nothing for series that say nothing. */
function familiesOf(all: readonly Series[]): object[] {
  const families = new Map<string, object>();
  for (const { metadata, labels: own } of all) {
    const metric = own.findLast(({ name }) => name === '__name__')?.value ?? '';
    if (metadata === undefined) continue;
    const family = [3, 4].includes(metadata.type) ? metric.replace(/_(bucket|sum|count|gsum|gcount)$/, '') : metric;
    const says = metadata.type !== 0 || metadata.help !== '' || metadata.unit !== '';
    if (family !== '' && says && !families.has(family)) {
      families.set(family, { ...metadata, metricFamilyName: family });
    }
  }
  return [...families.values()];
}
