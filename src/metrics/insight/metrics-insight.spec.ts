import { Pipeline } from '../../../test/support/metrics-pipeline.js';
import { ManualClock } from '../../../test/fakes/manual-clock.js';
import type { InventoryCache } from '../../pods/cache/inventory-cache.service.js';
import { FederationStore } from '../federation-store.js';
import type { EnrichmentEngine } from '../ingest/enrichment-engine.js';
import { MetricsInsight } from './metrics-insight.service.js';

const pipeline = new Pipeline({}, { limits: { maxLabelsPerSeries: 3, maxLabelValueBytes: 300 } });
const engine = { decisions: pipeline.decisions } as unknown as EnrichmentEngine;
const inventory = { view: () => pipeline.index } as unknown as InventoryCache;
const clock = new ManualClock(1_000);
const insight = new MetricsInsight(
  engine,
  inventory,
  [new FederationStore(clock, { maxSeries: 10, windowMs: 1_000 })],
  clock,
);

it('tells what it refuses, quoted and cut, with the limit that is crossed', () => {
  const f = (work: () => unknown, message: string | RegExp, problem: object) => {
    const wanted = typeof message === 'string' ? message : (expect.stringMatching(message) as string);
    expect(work).toThrow(
      expect.objectContaining({ message: wanted, errors: [expect.objectContaining(problem)] }) as Error,
    );
  };
  const explain = (labels: object, timestamp?: string) => () =>
    insight.explain({ labels: labels as Record<string, string>, ...(timestamp === undefined ? {} : { timestamp }) });
  f(explain({ a: 5 }), 'labels.a: must be a string (received 5)', { field: 'labels.a', value: 5 });
  f(explain({ a: 'b' }), /^labels: series without metric name \(received ".*"\)$/, { value: '{"a":"b"}' });
  f(explain({ __name__: 'm', a: 'x'.repeat(301) }), /^labels\.a: a label value of 301 bytes is over .* limit 300\)$/, {
    field: 'labels.a',
    value: 301,
    limit: 300,
  });
  f(explain({ __name__: 'm', a: '', b: '', c: '' }), /^labels: a series of 4 labels is over .* limit 3\)$/, {
    field: 'labels',
    value: 4,
    limit: 3,
  });
  f(explain({ __name__: 'm' }, 'x'.repeat(900)), /^timestamp: must be .* \(received "x{200}…"\)$/, {
    value: `${'x'.repeat(200)}…`,
  });
  f(() => insight.federate([`{${'x'.repeat(900)}`]), /^match\[\]: .* \(received "\{x{199}…"\)$/, { field: 'match[]' });
});
