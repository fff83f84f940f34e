import { snappyCompress } from '../../src/wire/snappy.js';
import { amdLabels, amdTarget, AMD_NODE, INVENTORY } from '../support/e2e-cluster.js';
import { scraped } from '../support/e2e-counter.js';
import type { Exporter } from '../support/e2e-exporter.js';
import { describeWith } from '../support/e2e-requirements.js';
import type { Service } from '../support/e2e-service.js';
import { Stack } from '../support/e2e-stack.js';
import type { Storage } from '../support/e2e-storage.js';
import { eventually } from '../support/eventually.js';
import { series, writeRequest, type Series } from '../support/metrics-wire.js';

const MINUTE = 60_000;

describeWith(
  ['prometheus', 'vmagent'],
  'Prometheus as the storage, which refuses a whole request for one bad sample',
  () => {
    const stack = new Stack();
    let exporter: Exporter;
    let service: Service;
    let storage: Storage;

    beforeAll(
      stack.explained(async () => {
        storage = await stack.prometheus();
        service = await stack.service({ STORAGE_REMOTE_WRITE_URL: storage.remoteWriteUrl });
        await service.putInventory(INVENTORY);
      }),
    );
    afterAll(() => stack.close());

    const send = async (...all: Series[]) => {
      const reply = await fetch(service.remoteWriteUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' },
        body: new Uint8Array(snappyCompress(writeRequest(all))),
      });
      return reply.status;
    };
    const refused = () => service.selfMetric('storage_rejected_samples_total');

    it(
      'a duplicate with another value and a sample out of order do not take their neighbours with them',
      stack.explained(async () => {
        const now = Date.now();
        expect(await send(gpuSeries('gpu_a', [1, now]), gpuSeries('gpu_b', [1, now]))).toBe(204);
        const before = await refused();
        const reply = await send(
          gpuSeries('gpu_a', [2, now]),
          gpuSeries('gpu_c', [3, now]),
          gpuSeries('gpu_b', [4, now - 30_000]),
          gpuSeries('gpu_d', [5, now]),
        );
        expect(reply).toBe(204);
        const values = (await storage.query('{__name__=~"workload_gpu_[a-d]", workload_uid="wl-inner"}')).map(
          ({ labels, value }) => [labels['__name__'], value],
        );
        expect(Object.fromEntries(values)).toEqual({
          ...{ workload_gpu_a: 1, workload_gpu_b: 1, workload_gpu_c: 3, workload_gpu_d: 5 },
        });
        expect(await refused()).toBe(before);
      }),
    );

    it(
      'a sample that only the storage knows to be bad is dropped alone and counted',
      stack.explained(async () => {
        const now = Date.now();
        // Older than Prometheus takes at all: “out of bounds”.
        expect(await send(gpuSeries('gpu_old', [6, now - 5 * 24 * 60 * MINUTE]), gpuSeries('gpu_e', [7, now]))).toBe(
          204,
        );
        expect(await storage.query('workload_gpu_e')).toHaveLength(2);
        expect(await refused()).toBeGreaterThan(0);
      }),
    );

    it(
      'a scraped series that the storage has a newer sample of is refused again and again, the others arrive every second',
      stack.explained(async () => {
        exporter = await stack.exporter();
        exporter.set('gpu_blocked', amdLabels(0), 1);
        exporter.countScrapesAs('gpu_free', amdLabels(0));
        exporter.set('gpu_not_a_number', amdLabels(0), 'NaN');
        const { target } = exporter;
        const labels = Object.fromEntries(Object.entries(amdLabels(0)).filter(([, value]) => value !== ''));
        // The future belongs to nobody else: from now on this series' samples of the present are out of order.
        const blocked = { ...labels, __name__: 'gpu_blocked', instance: target, job: 'amd-device-metrics-exporter' };
        expect(await send(series(blocked, [42, Date.now() + 4 * MINUTE]))).toBe(204);
        await restartToForget(service);
        await stack.vmagent([amdTarget(exporter)], service.remoteWriteUrl);
        await scraped(exporter, 6);
        const newest = exporter.counted.at(-1) ?? 0;
        const free = await eventually(
          async () => {
            const found = await storage.query('workload_gpu_free');
            return found.length === 2 && found.every(({ value }) => value >= newest) && found;
          },
          30_000,
          200,
        );
        expect(free).toHaveLength(2);
        const counts = await storage.query('count_over_time(workload_gpu_free[5m])');
        expect(counts.every(({ value }) => value >= newest)).toBe(true);
        expect((await storage.query('workload_gpu_not_a_number')).map(({ value }) => value)).toEqual([NaN, NaN]);
        expect((await storage.query('max(count_over_time(workload_gpu_blocked[5m]))')).length).toBe(0);
        expect(await refused()).toBeGreaterThanOrEqual(2 * 5);
      }),
    );
  },
);

/** The service remembers what the storage has accepted; another replica, or itself after a restart, does not. */
async function restartToForget(service: Service): Promise<void> {
  await service.end('SIGTERM');
  await service.start();
}

function gpuSeries(name: string, sample: readonly [number, number]): Series {
  return series({ __name__: name, gpu_id: '0', hostname: AMD_NODE }, sample);
}
