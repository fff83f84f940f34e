import fc from 'fast-check';
import { countData, fieldSpans, halve } from '../forwarder/split-request.js';
import { damaged, survive, truncated } from '../../../test/support/fuzz.js';
import { freedom, writeRequest } from '../../../test/support/remote-write-arbitraries.js';
import {
  bitsOf,
  decodeV1,
  encodeV1,
  encodeV2,
  PLAIN,
  type Series,
  type WriteRequest,
} from '../../../test/support/remote-write-proto.js';
import { LIMITS, RULES, SmallEnrichment } from '../../../test/support/small-cluster.js';
import { readLabelBlock } from './label-block.js';
import { readHistogram } from './native-histogram.js';
import { transcodeV2 } from './transcode-v2.js';

/*
 * Damaged bytes may be refused with MalformedPayload or PayloadLimitExceeded and nothing else, and the parser works
 * afterwards. FUZZ_FACTOR=50 makes the run longer.
 */
const V2_LIMITS = { maxDecompressedBytes: 1 << 16, maxSeriesPerRequest: 20 };

const labels = fc.tuple(fc.constantFrom('0', '1'), fc.string({ maxLength: 6 }), fc.nat(3)).map(([gpu, odd, last]) => [
  { name: '__name__', value: 'gpu_power' },
  { name: 'gpu_id', value: gpu },
  { name: 'node', value: 'node-a' },
  { name: 'odd', value: odd },
  { name: 'unique', value: String(last) },
]);

/** Valid requests of all shapes, always the same ones. */
const REQUESTS = fc
  .sample(fc.tuple(writeRequest(labels), freedom), { numRuns: 60, seed: 7 })
  .filter(([request]) => request.series.length > 0);
const V1_BODIES = REQUESTS.map(([request, how]) => encodeV1(request, how));
const V2_BODIES = REQUESTS.map(([request, how]) => encodeV2(request, how));

const SERIES: Series = {
  labels: ['__name__:gpu_power', 'gpu_id:0', 'node:node-a'].map((label) => {
    const [name = '', value = ''] = label.split(':');
    return { name, value };
  }),
  samples: [{ bits: bitsOf(1.5), timestamp: 1_000n }],
  exemplars: [],
  histograms: [],
  metadata: { type: 2, help: 'Power', unit: 'W' },
};
const REFERENCE: WriteRequest = { series: [SERIES, { ...SERIES, labels: SERIES.labels.slice(0, 1) }], metadata: [] };

/** The bytes of the fields that stand at a path of tags in 1.0 requests. */
function fieldsAt(tag: number): Buffer[] {
  const found: Buffer[] = [];
  for (const body of V1_BODIES) {
    for (const { start, end } of fieldSpans(body)) {
      if (body[start] !== 0x0a) continue;
      const series = contentOf(body.subarray(start, end));
      for (const span of fieldSpans(series)) {
        if (series[span.start] === tag) found.push(contentOf(series.subarray(span.start, span.end)));
      }
    }
  }
  return found;
}

/** What a length-delimited field holds. */
function contentOf(field: Buffer): Buffer {
  let at = 1;
  while ((field[at] ?? 0) >= 0x80) at++;
  return field.subarray(at + 1);
}

function labelBlocks(): Buffer[] {
  return REQUESTS.flatMap(([{ series }]) => series).map((one) => {
    const only = { ...one, samples: [], exemplars: [], histograms: [], metadata: undefined };
    return contentOf(encodeV1({ series: [only], metadata: [] }, PLAIN));
  });
}

describe('damaged bytes', () => {
  it('of label blocks', () => {
    const read = (bytes: Buffer): unknown => readLabelBlock(bytes, 0, bytes.length, LIMITS);
    const tally = survive(damaged(labelBlocks(), 20_000), read);
    expect(tally.refused).toBeGreaterThan(tally.cases / 10);
    survive(truncated(labelBlocks()), read);
  });

  it('of histograms', () => {
    const histograms = fieldsAt(0x22);
    const read = (bytes: Buffer): unknown => readHistogram(bytes, 0, bytes.length);
    expect(histograms.length).toBeGreaterThan(10);
    const tally = survive(damaged(histograms, 20_000), read);
    expect(tally.refused).toBeGreaterThan(tally.cases / 10);
    survive(truncated(histograms), read);
  });

  it('of 2.0 requests', () => {
    const read = (bytes: Buffer): unknown => {
      const transcoded = transcodeV2(bytes, V2_LIMITS);
      if (transcoded.length > V2_LIMITS.maxDecompressedBytes) throw new Error('more than the limit');
      // What passes must be well-formed for others too, down to the samples.
      return fieldSpans(transcoded);
    };
    const tally = survive(damaged(V2_BODIES, 20_000), read);
    expect(tally.refused).toBeGreaterThan(tally.cases / 10);
    survive(truncated(V2_BODIES), read);
  });

  it.each([
    ['unmatched series dropped', false],
    ['unmatched series forwarded', true],
  ])('of 1.0 requests, and the walker works after each refusal; %s', (_, forwardUnmatched) => {
    const enrichment = new SmallEnrichment({ ...RULES, forwardUnmatched }, { cacheBytes: 4 << 20, maxSeries: 50 });
    const reference = encodeV1(REFERENCE);
    const expected = Buffer.from(enrichment.enrich(reference));
    expect(decodeV1(expected).timeseries).toHaveLength(forwardUnmatched ? 2 : 1);
    const worksStill = (): void => {
      if (!enrichment.enrich(reference).equals(expected)) throw new Error('the walker does not work any more');
    };
    const walk = (bytes: Buffer): unknown => fieldSpans(enrichment.enrich(bytes));
    const tally = survive(damaged(V1_BODIES, 15_000), walk, worksStill);
    expect(tally.refused).toBeGreaterThan(tally.cases / 10);
    survive(truncated(V1_BODIES), walk, worksStill);
    worksStill();
  });

  it('of 1.0 requests: what passes is read alike by protobufjs', () => {
    const enrichment = new SmallEnrichment();
    let read = 0;
    survive(damaged(V1_BODIES, 10_000), (bytes) => {
      const output = enrichment.enrich(bytes);
      try {
        read += decodeV1(output).timeseries.length;
      } catch (error) {
        // Texts of exemplars and metadata are passed on unread, so they may be invalid UTF-8; labels of series may not.
        if (!String(error).includes('valid for encoding utf-8')) throw error;
      }
    });
    expect(read).toBeGreaterThan(1_000);
  });

  it('of requests to be split', () => {
    const split = (bytes: Buffer): unknown => [halve(bytes), fieldSpans(bytes), countData(bytes)];
    const tally = survive(damaged(V1_BODIES, 10_000), split);
    expect(tally.refused).toBeGreaterThan(tally.cases / 10);
    survive(truncated(V1_BODIES), split);
  });
});
