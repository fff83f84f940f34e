import { amdTarget, COUNTER, COUNTER_LABELS, INVENTORY, MOVED_INVENTORY } from '../support/e2e-cluster.js';
import { expectEveryScrape, scraped } from '../support/e2e-counter.js';
import { ExternalDatabase } from '../support/e2e-database.js';
import type { Exporter } from '../support/e2e-exporter.js';
import { describeWith } from '../support/e2e-requirements.js';
import type { Service } from '../support/e2e-service.js';
import { Stack } from '../support/e2e-stack.js';
import type { VictoriaMetrics } from '../support/e2e-storage.js';
import { eventually } from '../support/eventually.js';
import { TcpProxy } from '../support/tcp-proxy.js';

describeWith(['victoria-metrics', 'vmagent'], 'no scrape is lost with an external database', () => {
  const stack = new Stack();
  let exporter: Exporter;
  let service: Service;
  let storage: VictoriaMetrics;
  let database: ExternalDatabase;
  let address: TcpProxy;

  beforeAll(
    stack.explained(async () => {
      exporter = await stack.exporter();
      exporter.countScrapesAs(COUNTER, COUNTER_LABELS);
      storage = await stack.victoriaMetrics();
      database = stack.closeAtEnd(new ExternalDatabase(await stack.folder('external')));
      address = stack.closeAtEnd(await TcpProxy.start(await database.start()));
      service = await stack.service({
        DATABASE_URL: address.url,
        STORAGE_REMOTE_WRITE_URL: storage.remoteWriteUrl,
        CACHE_REFRESH_INTERVAL: '1s',
      });
      await service.putInventory(INVENTORY);
      await stack.vmagent([amdTarget(exporter)], service.remoteWriteUrl);
      await scraped(exporter, 3);
    }),
  );
  afterAll(() => stack.close());

  it(
    'when it is away for a while and comes back; the service then works with it again, without a restart of its own',
    stack.explained(async () => {
      const pid = service.pid;
      await database.close();
      await scraped(exporter, 5);
      await expect(service.putInventory(INVENTORY)).rejects.toThrow(/refused: 503/);
      address.retarget(await database.start());
      await eventually(async () => service.putInventory(MOVED_INVENTORY).then(() => true), 30_000, 250);
      await scraped(exporter, 2);
      await expectEveryScrape(exporter, storage);
      expect(service.pid).toBe(pid);
      expect(service.running).toBe(true);
      expect((await fetch(`${service.url}/health/ready`)).status).toBe(200);
    }),
  );
});
