import {
  amdLabels,
  amdTarget,
  dcgmLabels,
  dcgmTarget,
  EVAL_HOLDER,
  EVAL_POD_LABELS,
  INVENTORY,
  JOB,
  TRAIN_POD_LABELS,
  workloadLabels,
} from '../support/e2e-cluster.js';
import type { Exporter, Labels } from '../support/e2e-exporter.js';
import { describeWith } from '../support/e2e-requirements.js';
import type { Service } from '../support/e2e-service.js';
import { Stack } from '../support/e2e-stack.js';
import type { VictoriaMetrics } from '../support/e2e-storage.js';
import { eventually } from '../support/eventually.js';

const CLOCK = { ...amdLabels(0), clock_index: '14', clock_type: 'data' };
const DCGM = dcgmLabels(0, EVAL_HOLDER);

const SENDERS = ['vmagent', 'prometheus'] as const;

describe.each(SENDERS)('%s sends to the service, the service to victoria-metrics', (sender) => {
  describeWith(['victoria-metrics', sender], 'with real programs', () => {
    const stack = new Stack();
    let amd: Exporter;
    let dcgm: Exporter;
    let service: Service;
    let storage: VictoriaMetrics;

    beforeAll(
      stack.explained(async () => {
        [amd, dcgm] = [await stack.exporter(), await stack.exporter()];
        showDevices(amd, dcgm);
        storage = await stack.victoriaMetrics();
        service = await stack.service({
          STORAGE_REMOTE_WRITE_URL: storage.remoteWriteUrl,
          CACHE_REFRESH_INTERVAL: '1s',
        });
        await service.putInventory(INVENTORY);
        const scrape = [amdTarget(amd), dcgmTarget(dcgm)];
        if (sender === 'vmagent') await stack.vmagent(scrape, service.remoteWriteUrl);
        else await stack.prometheus({ scrape, remoteWrite: service.remoteWriteUrl });
        await eventually(() => amd.counted.length >= 3 && dcgm.counted.length >= 3, 30_000, 100);
      }),
    );
    afterAll(() => stack.close());

    /** Waits for the one series and checks all of its labels and its value. */
    const expectSeries = async (promql: string, labels: Labels, value: number) => {
      const found = await eventually(async () => nonEmpty(await storage.query(promql)), 30_000, 200);
      expect(found).toEqual([{ labels: { ...labels, job: JOB }, value }]);
    };

    it.each(['wl-outer', 'wl-inner'])(
      'gives a GPU that the AMD exporter shows to the workload %s of its pod',
      stack.explained(async (workload: string) => {
        await expectSeries(
          `workload_gpu_gfx_activity{workload_uid="${workload}"}`,
          {
            ...stored(amdLabels(0), 'workload_gpu_gfx_activity', amd),
            ...TRAIN_POD_LABELS,
            ...workloadLabels(workload),
          },
          87,
        );
      }),
    );

    it(
      'keeps labels that tell the parts of a device apart',
      stack.explained(async () => {
        await expectSeries(
          'workload_gpu_clock{workload_uid="wl-inner"}',
          { ...stored(CLOCK, 'workload_gpu_clock', amd), ...TRAIN_POD_LABELS, ...workloadLabels('wl-inner') },
          2100,
        );
      }),
    );

    it(
      'gives a GPU that the DCGM exporter shows to the workload of the pod that the exporter names, not to the exporter',
      stack.explained(async () => {
        await expectSeries(
          'workload_DCGM_FI_DEV_GPU_UTIL{workload_uid="wl-eval"}',
          {
            ...stored(dcgmLabels(0), 'workload_DCGM_FI_DEV_GPU_UTIL', dcgm),
            ...exported(EVAL_HOLDER),
            ...{ pod: 'dcgm-exporter-78z52', namespace: 'monitoring', container: 'exporter' },
            ...EVAL_POD_LABELS,
            ...workloadLabels('wl-eval'),
          },
          64,
        );
      }),
    );

    it(
      'finds the pod by the device where the exporter names none',
      stack.explained(async () => {
        const [found] = await eventually(
          async () => nonEmpty(await storage.query('workload_DCGM_FI_DEV_POWER_USAGE')),
          30_000,
          200,
        );
        expect(found).toMatchObject({ labels: { ...EVAL_POD_LABELS, ...workloadLabels('wl-eval') }, value: 413.5 });
      }),
    );

    it(
      'stores nothing of negative values, of values that stand for none, and of devices that nobody holds',
      stack.explained(async () => {
        await storage.flush();
        expect(await storage.export('{__name__=~".*gpu_package_power"}')).toEqual([]);
        expect(await storage.export('{__name__=~".*gpu_junction_temperature"}')).toEqual([]);
        expect(await storage.export('{__name__=~".*DCGM_FI_DEV_MEMORY_TEMP"}')).toEqual([]);
        expect(await storage.export('{gpu_id="7"}')).toEqual([]);
        const names = (await storage.export('{__name__!=""}')).map(({ labels }) => labels['__name__']);
        expect(names.filter((name) => name?.startsWith('workload_') !== true)).toEqual([]);
        for (const outcome of ['negative', 'sentinel', 'no_device']) {
          expect(await service.selfMetric('samples_total', `outcome="${outcome}"`)).toBeGreaterThan(0);
        }
      }),
    );

    it(
      'ends a series with a stale marker when the exporter shows it no longer',
      stack.explained(async () => {
        amd.drop('gpu_used_vram', amdLabels(0));
        const ended = await eventually(
          async () => {
            const all = await storage.export('workload_gpu_used_vram');
            return all.length === 2 && all.every(({ values }) => values.at(-1) === null) && all;
          },
          30_000,
          200,
        );
        expect(ended.map(({ values }) => values.filter((value) => value === null).length)).toEqual([1, 1]);
        await eventually(async () => (await storage.query('workload_gpu_used_vram')).length === 0, 10_000, 200);
        expect(await storage.query('workload_gpu_gfx_activity')).toHaveLength(2);
      }),
    );
  });
});

function showDevices(amd: Exporter, dcgm: Exporter): void {
  amd.set('gpu_gfx_activity', amdLabels(0), 87);
  amd.set('gpu_gfx_activity', amdLabels(7), 12);
  amd.set('gpu_clock', CLOCK, 2100);
  amd.set('gpu_used_vram', amdLabels(0), 180_000);
  amd.set('gpu_junction_temperature', amdLabels(0), -1);
  amd.set('gpu_package_power', amdLabels(0), 4_294_967_295);
  dcgm.set('DCGM_FI_DEV_GPU_UTIL', DCGM, 64);
  dcgm.set('DCGM_FI_DEV_POWER_USAGE', dcgmLabels(0), 413.5);
  dcgm.set('DCGM_FI_DEV_MEMORY_TEMP', DCGM, '9223372036854775794');
}

/** Labels as the storage has them: without empty ones, with the name and the scraped instance. */
function stored(labels: Labels, name: string, exporter: Exporter): Labels {
  const present = Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''));
  return { ...present, __name__: name, instance: exporter.target };
}

/** The labels as a scraper renames them when its target has labels of the same names. (Prometheus, honor_labels) */
function exported(labels: Labels): Labels {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [`exported_${name}`, value]));
}

function nonEmpty<T>(values: T[]): T[] | undefined {
  return values.length === 0 ? undefined : values;
}
