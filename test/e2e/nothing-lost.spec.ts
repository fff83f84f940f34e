import { setTimeout as sleep } from 'node:timers/promises';
import { amdTarget, COUNTER, COUNTER_LABELS, INVENTORY } from '../support/e2e-cluster.js';
import { expectEveryScrape, scraped } from '../support/e2e-counter.js';
import type { Exporter } from '../support/e2e-exporter.js';
import { describeWith } from '../support/e2e-requirements.js';
import type { Service } from '../support/e2e-service.js';
import { Stack } from '../support/e2e-stack.js';
import type { VictoriaMetrics } from '../support/e2e-storage.js';
import { eventually } from '../support/eventually.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const OUTAGE = 20_000;

describeWith(['victoria-metrics', 'vmagent'], 'no scrape is lost', () => {
  const stack = new Stack();
  let exporter: Exporter;
  let service: Service;
  let storage: VictoriaMetrics;
  let road: TcpProxy;

  beforeAll(
    stack.explained(async () => {
      exporter = await stack.exporter();
      exporter.countScrapesAs(COUNTER, COUNTER_LABELS);
      storage = await stack.victoriaMetrics();
      road = stack.closeAtEnd(await TcpProxy.start(storage.url));
      service = await stack.service({ STORAGE_REMOTE_WRITE_URL: new URL('/api/v1/write', road.url).href });
      await service.putInventory(INVENTORY);
      await stack.vmagent([amdTarget(exporter)], service.remoteWriteUrl);
      await scraped(exporter, 3);
    }),
  );
  afterAll(() => stack.close());

  it(
    'when the service is killed and started again; it takes over the database that it left running',
    stack.explained(async () => {
      const database = await service.databasePid();
      const before = service.text.length;
      await service.end('SIGKILL');
      await scraped(exporter, 3);
      await service.start();
      expect(await service.databasePid()).toBe(database);
      expect(service.text.slice(before)).toContain('"adopted":true');
      await scraped(exporter, 2);
      await expectEveryScrape(exporter, storage);
    }),
  );

  it(
    'when the embedded database is killed; it comes back by itself',
    stack.explained(async () => {
      const database = await service.databasePid();
      expect(database).toBeDefined();
      process.kill(database!, 'SIGKILL');
      await eventually(async () => ![undefined, database].includes(await service.databasePid()), 30_000, 100);
      await eventually(async () => service.putInventory(INVENTORY).then(() => true), 30_000, 250);
      await scraped(exporter, 2);
      await expectEveryScrape(exporter, storage);
    }),
  );

  it(
    'when the storage is killed and comes back after 20 seconds',
    stack.explained(async () => {
      // Cut off first, so that the storage has written what it acknowledged: what it loses itself is not the service's loss.
      road.freeze();
      await storage.persist();
      await storage.end('SIGKILL');
      await sleep(OUTAGE);
      expect(await service.selfMetric('samples_total', 'outcome="deferred"')).toBeGreaterThan(0);
      await storage.start();
      road.thaw();
      await scraped(exporter, 2);
      await expectEveryScrape(exporter, storage, { within: 90_000 });
    }),
    180_000,
  );
});
