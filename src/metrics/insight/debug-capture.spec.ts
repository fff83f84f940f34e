import { ManualClock } from '../../../test/fakes/manual-clock.js';
import { Pipeline } from '../../../test/support/metrics-pipeline.js';
import { pod } from '../../../test/support/metrics-inventory.js';
import { series } from '../../../test/support/metrics-wire.js';
import { InvalidRequest } from '../../common/domain-error.js';
import type { MetricsConfig } from '../../config/metrics.config.js';
import type { InventoryCache } from '../../pods/cache/inventory-cache.service.js';
import type { EnrichmentEngine } from '../ingest/enrichment-engine.js';
import { DebugCapture } from './debug-capture.service.js';

let clock: ManualClock;
let pipeline: Pipeline;
let capture: DebugCapture;

beforeEach(() => {
  clock = new ManualClock(1_000_000);
  pipeline = new Pipeline({ pods: [pod('ml/p')] });
  const engine = { decisions: pipeline.decisions } as unknown as EnrichmentEngine;
  const inventory = { view: () => pipeline.index } as unknown as InventoryCache;
  const config = { debugMaxRecords: 3, debugMaxDuration: 60_000 } as MetricsConfig;
  capture = new DebugCapture(engine, inventory, clock, config);
});

const line = (name: string, value: number, at = 1) =>
  series({ __name__: name, namespace: 'ml', pod: 'p' }, [value, at]);
const outcomes = () =>
  capture.records().map(({ labels, decision }) => `${labels['__name__'] ?? ''} ${decision.outcome}`);

it('keeps the newest decisions about the series chosen', () => {
  capture.start({ metric_pattern: 'a|b', selectors: ['{pod="p"}'] });
  pipeline.take(line('a', 1), line('ab', 1), line('b', -1));
  expect(outcomes()).toEqual(['b negative', 'a emitted']);
  expect(capture.records()[0]?.decision).toMatchObject({ reason: 'values below zero are dropped', series: [] });
  for (let at = 2; at < 6; at++) pipeline.take(line('a', at, at));
  expect(capture.records().map(({ value }) => value)).toEqual([5, 4, 3]);
  expect(capture.state()).toMatchObject({ enabled: true, records: 3, seen: 6, max_records: 3 });
  capture.clear();
  expect(capture.records()).toEqual([]);
});

it('gives the reason of the outcome that counted', () => {
  capture.start({});
  const twin = series({ __name__: 'a', job: 'x', namespace: 'ml', pod: 'p' }, [1, 1]);
  pipeline.take(line('a', 1), twin, { labels: [['x', 'y']], samples: [[1, 1]] });
  expect(capture.records().map(({ decision }) => decision.reason)).toEqual([
    'its labels break the rules of the protocol',
    'another series feeds the same output',
    'belongs to a workload and is stored with its labels',
  ]);
});

it('ends by itself, and when told to', () => {
  capture.start({ duration: '10s' });
  pipeline.take(line('a', 1));
  clock.advance(10_000);
  pipeline.take(line('a', 2, 2));
  expect(capture.state()).toMatchObject({ enabled: false, records: 1 });
  capture.start({});
  expect(capture.state()).toMatchObject({ enabled: true, records: 0, ends_at: new Date(1_070_000).toISOString() });
  expect(capture.stop()).toMatchObject({ enabled: false });
  pipeline.take(line('a', 3, 3));
  expect(capture.records()).toEqual([]);
});

it('refuses what cannot be', () => {
  for (const config of [
    { metric_pattern: '(' },
    { selectors: ['{'] },
    { duration: 'x' },
    { duration: '0s' },
    { duration: '2m' },
    { max_records: 4 },
  ])
    expect(() => capture.start(config)).toThrow(InvalidRequest);
});

it('says which limit was crossed, and with what', () => {
  expect(() => capture.start({ max_records: 4 })).toThrow(
    expect.objectContaining({
      message: 'max_records: must not exceed METRICS_DEBUG_MAX_RECORDS (received 4, limit 3)',
      errors: [{ field: 'max_records', message: 'must not exceed METRICS_DEBUG_MAX_RECORDS', value: 4, limit: 3 }],
    }) as Error,
  );
  const selector = `{${'x'.repeat(500)}`;
  expect(() => capture.start({ selectors: ['m', selector] })).toThrow(
    expect.objectContaining({
      message: expect.stringMatching(/^selectors\[1\]: .* \(received "\{x{199}…"\)$/) as string,
      errors: [expect.objectContaining({ field: 'selectors[1]', value: `{${'x'.repeat(199)}…` })],
    }) as Error,
  );
});
