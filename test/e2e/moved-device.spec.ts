import { amdLabels, amdTarget, INVENTORY, MOVED_INVENTORY, workloadLabels } from '../support/e2e-cluster.js';
import type { Exporter } from '../support/e2e-exporter.js';
import { describeWith } from '../support/e2e-requirements.js';
import type { Service } from '../support/e2e-service.js';
import { Stack } from '../support/e2e-stack.js';
import type { Storage, VictoriaMetrics } from '../support/e2e-storage.js';
import { eventually } from '../support/eventually.js';

const METRIC = 'workload_gpu_gfx_activity';
const REFRESH = 1_000;
/** Two refreshes, and the time the storage and the query take. */
const TWO_REFRESHES = 2 * REFRESH + 3_000;

describeWith(['victoria-metrics', 'prometheus', 'vmagent'], 'a device that moves from a pod to another', () => {
  const stack = new Stack();
  let exporter: Exporter;
  let service: Service;
  let raw: VictoriaMetrics;
  let strict: Storage;
  let movedAt = 0;

  beforeAll(
    stack.explained(async () => {
      exporter = await stack.exporter();
      exporter.set('gpu_gfx_activity', amdLabels(0), 87);
      raw = await stack.victoriaMetrics();
      strict = await stack.prometheus();
      service = await stack.service({
        STORAGE_REMOTE_WRITE_URL: `${raw.remoteWriteUrl},${strict.remoteWriteUrl}`,
        CACHE_REFRESH_INTERVAL: `${REFRESH}ms`,
      });
      await service.putInventory(INVENTORY);
      await stack.vmagent([amdTarget(exporter)], service.remoteWriteUrl);
      await eventually(async () => (await workloadsOf(strict)).length === 2, 30_000, 200);
      await service.putInventory(MOVED_INVENTORY);
      movedAt = Date.now();
    }),
  );
  afterAll(() => stack.close());

  it(
    'ends the series of its former workloads and begins those of the new one within two refreshes',
    stack.explained(async () => {
      await eventually(async () => (await workloadsOf(strict)).join() === 'wl-eval', TWO_REFRESHES, 100);
      expect(Date.now() - movedAt).toBeLessThan(TWO_REFRESHES);
      const [series] = await strict.query(METRIC);
      const pod = { pod_name: 'eval-9qq4z', pod_uid: 'pod-eval-2' };
      expect(series).toMatchObject({ labels: { ...pod, ...workloadLabels('wl-eval') }, value: 87 });
    }),
  );

  it(
    'ends each former series by exactly one stale marker, after its last sample',
    stack.explained(async () => {
      const ended = await eventually(
        async () => {
          const all = await raw.export(`${METRIC}{pod_uid="pod-train"}`);
          return all.length === 2 && all.every(({ values }) => values.at(-1) === null) && all;
        },
        10_000,
        200,
      );
      for (const { values } of ended) expect(values.filter((value) => value === null)).toHaveLength(1);
    }),
  );

  it(
    'keeps the former series ended while the exporter goes on',
    stack.explained(async () => {
      const seen = exporter.counted.length;
      await eventually(() => exporter.counted.length >= seen + 4, 30_000, 100);
      expect(await workloadsOf(strict)).toEqual(['wl-eval']);
      const former = await raw.export(`${METRIC}{pod_uid="pod-train"}`);
      for (const { values } of former) expect(values.at(-1)).toBeNull();
    }),
  );
});

/** Workloads that have a live sample; Prometheus looks back five minutes, unless a stale marker says that a series has ended. */
async function workloadsOf(storage: Storage): Promise<string[]> {
  const found = await storage.query(METRIC);
  return found.map(({ labels }) => labels['workload_uid'] ?? '').sort();
}
