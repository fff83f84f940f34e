import { amdLabels, amdTarget, INVENTORY, JOB, TRAIN_POD_LABELS, workloadLabels } from '../support/e2e-cluster.js';
import { scraped } from '../support/e2e-counter.js';
import type { Exporter } from '../support/e2e-exporter.js';
import { describeWith } from '../support/e2e-requirements.js';
import type { Service } from '../support/e2e-service.js';
import { Stack } from '../support/e2e-stack.js';
import type { Storage } from '../support/e2e-storage.js';
import { eventually } from '../support/eventually.js';

describeWith(['prometheus', 'vmagent'], 'without a storage', () => {
  const stack = new Stack();
  let exporter: Exporter;
  let service: Service;
  let prometheus: Storage;

  beforeAll(
    stack.explained(async () => {
      exporter = await stack.exporter();
      exporter.set('gpu_gfx_activity', amdLabels(0), 87);
      exporter.countScrapesAs('gpu_scrapes_total', amdLabels(0));
      service = await stack.service();
      await service.putInventory(INVENTORY);
      await stack.vmagent([amdTarget(exporter)], service.remoteWriteUrl);
      const target = new URL(service.url).host;
      prometheus = await stack.prometheus({
        scrape: [{ job: 'federate', target, path: '/v1/metrics/federate', honorLabels: true }],
      });
      await scraped(exporter, 3);
    }),
  );
  afterAll(() => stack.close());

  it(
    'any Prometheus gets the enriched series by scraping the service',
    stack.explained(async () => {
      const labels = Object.entries(amdLabels(0)).filter(([, value]) => value !== '');
      const found = await eventually(
        async () => {
          const all = await prometheus.query('workload_gpu_gfx_activity{workload_uid="wl-inner"}');
          return all.length > 0 && all;
        },
        30_000,
        200,
      );
      expect(found).toEqual([
        {
          labels: {
            ...Object.fromEntries(labels),
            ...TRAIN_POD_LABELS,
            ...workloadLabels('wl-inner'),
            ...{ __name__: 'workload_gpu_gfx_activity', job: JOB, instance: exporter.target },
          },
          value: 87,
        },
      ]);
    }),
  );

  it(
    'follows what the exporter shows, and forgets what it shows no longer',
    stack.explained(async () => {
      const newest = exporter.counted.length;
      await eventually(
        async () => (await prometheus.query('workload_gpu_scrapes_total')).every(({ value }) => value >= newest),
        30_000,
        200,
      );
      exporter.drop('gpu_gfx_activity', amdLabels(0));
      const shown = await eventually(
        async () => {
          const text = await (await fetch(`${service.url}/v1/metrics/federate`)).text();
          return !text.includes('workload_gpu_gfx_activity{') && text;
        },
        30_000,
        200,
      );
      expect(shown.match(/^workload_gpu_scrapes_total\{/gm)).toHaveLength(2);
    }),
  );
});
