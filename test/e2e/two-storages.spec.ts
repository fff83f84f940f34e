import { amdTarget, COUNTER, COUNTER_LABELS, INVENTORY } from '../support/e2e-cluster.js';
import { expectEveryScrape, repeated, scraped, storedCounts } from '../support/e2e-counter.js';
import type { Exporter } from '../support/e2e-exporter.js';
import { describeWith } from '../support/e2e-requirements.js';
import type { Service } from '../support/e2e-service.js';
import { Stack } from '../support/e2e-stack.js';
import type { VictoriaMetrics } from '../support/e2e-storage.js';
import { eventually } from '../support/eventually.js';

describeWith(['victoria-metrics', 'vmagent'], 'two storages', () => {
  const stack = new Stack();
  let exporter: Exporter;
  let service: Service;
  let first: VictoriaMetrics;
  let second: VictoriaMetrics;

  beforeAll(
    stack.explained(async () => {
      exporter = await stack.exporter();
      exporter.countScrapesAs(COUNTER, COUNTER_LABELS);
      first = await stack.victoriaMetrics('victoria-metrics-1');
      second = await stack.victoriaMetrics('victoria-metrics-2');
      service = await stack.service({ STORAGE_REMOTE_WRITE_URL: `${first.remoteWriteUrl},${second.remoteWriteUrl}` });
      await service.putInventory(INVENTORY);
      await stack.vmagent([amdTarget(exporter)], service.remoteWriteUrl);
      await scraped(exporter, 3);
    }),
  );
  afterAll(() => stack.close());

  it(
    'both get everything',
    stack.explained(async () => {
      await expectEveryScrape(exporter, first);
      await expectEveryScrape(exporter, second);
    }),
  );

  it(
    'while one is down senders are asked to retry; when it is back it has everything, and the other has nothing twice',
    stack.explained(async () => {
      // Ended in an orderly way, so that it keeps all that it has acknowledged.
      await second.end('SIGTERM');
      await eventually(() => service.selfMetric('requests_total', 'status="503"'), 30_000, 200);
      await scraped(exporter, 4);
      await second.start();
      await scraped(exporter, 2);
      await expectEveryScrape(exporter, first);
      await expectEveryScrape(exporter, second);
      for (const storage of [first, second]) {
        for (const values of (await storedCounts(storage)).values()) expect(repeated(values)).toEqual([]);
      }
    }),
  );
});
