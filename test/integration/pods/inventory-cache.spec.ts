import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { QueryRunner } from 'typeorm';
import { EmbeddedServer } from '../../../src/database/embedded/embedded-server.js';
import { InventoryCacheMetrics } from '../../../src/pods/cache/inventory-cache.metrics.js';
import { InventoryCache } from '../../../src/pods/cache/inventory-cache.service.js';
import { InventoryRepository } from '../../../src/pods/cache/inventory.repository.js';
import { deltaStatement, SNAPSHOT, TABLES } from '../../../src/pods/cache/inventory.statements.js';
import { RetentionWriter } from '../../../src/pods/retention/retention.writer.js';
import { StampReads } from '../../../src/pods/core/stamps.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { eachWithFreshApp, PodsApp } from './pods-app.js';

const pod = (uid: string, part: object = {}) => ({
  uid,
  name: `pod-${uid}`,
  namespace: 'ml',
  node_name: 'n1',
  ...part,
});
const insertPod = (uid: string) =>
  `INSERT INTO pods (uid, name, namespace, owners_known, sources) VALUES ('${uid}', 'pod-${uid}', 'ml', true, '{kubernetes}')`;

describe('the inventory cache', () => {
  let database: TestDatabase;
  let app: PodsApp;

  eachWithFreshApp((fresh) => ({ database, app } = fresh));

  const knows = (uid: string, which = app) => which.cache.view().podByUid(uid, new StampReads()) !== undefined;

  it('reads what a transaction that was open at the last refresh has committed since', async () => {
    const open = async (): Promise<QueryRunner> => {
      const runner = database.dataSource.createQueryRunner();
      await runner.startTransaction();
      return runner;
    };
    const late = await open();
    await late.query(insertPod('late'));
    const early = await open();
    await early.query(insertPod('early'));
    await early.commitTransaction();
    await app.cache.refresh();
    expect([knows('early'), knows('late')]).toEqual([true, false]);
    await app.cache.refresh();
    await late.commitTransaction();
    await Promise.all([late.release(), early.release()]);
    await app.cache.refresh();
    expect(knows('late')).toBe(true);
    expect(app.cache.lastRefresh?.mode).toBe('changes');
  });

  it('follows writes of another process without waiting for its interval', async () => {
    const other = await PodsApp.start(database.url);
    try {
      await app.put({ pods: [pod('p1', { devices: [{ type: 'gpu', no: 0 }] })] });
      await eventually(() => knows('p1', other), 3_000);
      await other.put({ pods: [] });
      await eventually(async () => JSON.stringify(await app.devicePods()) === '{}', 3_000);
    } finally {
      await other.stop();
    }
  });

  it('tells its listeners when an answer has changed, and only then', async () => {
    let told = 0;
    app.cache.onRefresh(() => told++);
    await app.put({ pods: [pod('p1')] });
    expect(told).toBe(1);
    await app.cache.refresh();
    await app.put({ pods: [pod('p1', { phase: 'Running' })] });
    expect(told).toBe(1);
  });

  it('gives back the workloads of a pod that it had forgotten', async () => {
    let now = Date.now();
    const config = { cacheReloadInterval: 1e12, cachePageSize: 100, gracePeriod: 1_000 };
    const metrics = app.get(InventoryCacheMetrics);
    const cache = new InventoryCache({ now: () => now }, app.get(InventoryRepository), metrics, config);
    const workloads = [{ uid: 'w1', name: 'llama', namespace: 'ml', kind: 'Job' }];
    const body = { workloads, pods: [pod('p1', { workload_uids: ['w1'] })] };
    await app.put(body);
    await cache.refresh();
    await app.put({ workloads });
    now += 120_000;
    await cache.refresh();
    expect(cache.view().sizes()).toMatchObject({ pods: 0 });
    await app.put(body);
    now = Date.now();
    await cache.refresh();
    expect(cache.lastRefresh?.mode).toBe('changes');
    expect(cache.view().podWorkloads(now)).toEqual({ 'pod-p1': [['llama', 'w1']] });
  });

  it('reads everything anew, page by page, when much has changed or the time has come, with the same answers', async () => {
    const pods = Array.from({ length: 6_000 }, (_, i) => pod(`p${i}`, { devices: [{ type: 'asic', name: `a${i}` }] }));
    const modes: (string | undefined)[] = [];
    app.cache.onRefresh(() => modes.push(app.cache.lastRefresh?.mode));
    await app.put({ pods });
    // The notification of the write may have brought a second refresh by now.
    expect(modes[0]).toBe('full');
    const { epoch } = app.cache.stamps;
    let now = Date.now();
    const config = { cacheReloadInterval: 10_000, cachePageSize: 700, gracePeriod: 1_000 };
    const metrics = app.get(InventoryCacheMetrics);
    const cache = new InventoryCache({ now: () => now }, app.get(InventoryRepository), metrics, config);
    await cache.refresh();
    expect(cache.view().devicePods(now)).toEqual(app.cache.view().devicePods(now));
    expect(cache.view().podWorkloads(now)).toEqual(app.cache.view().podWorkloads(now));
    const before = cache.stamps.epoch;
    now += 11_000;
    await cache.refresh();
    expect(cache.lastRefresh?.mode).toBe('full');
    expect(cache.stamps.epoch).toBe(before);
    expect(app.cache.stamps.epoch).toBe(epoch);
  });

  it('reads changes by the index on the transactions that made them', async () => {
    await database.dataSource.query(
      `INSERT INTO nodes (name, sources) SELECT 'n' || i, '{kubernetes}' FROM generate_series(1, 5000) i`,
    );
    await database.dataSource.query(
      `INSERT INTO workloads (uid, name, namespace, kind, sources) SELECT 'w' || i, 'w', 'ml', 'Job', '{kubernetes}' FROM generate_series(1, 5000) i`,
    );
    await database.dataSource.query(
      `INSERT INTO pods (uid, name, namespace, sources) SELECT 'p' || i, 'p', 'ml', '{kubernetes}' FROM generate_series(1, 20000) i`,
    );
    await database.dataSource.query(
      `INSERT INTO pod_workloads (pod_uid, workload_uid, sources) SELECT 'p' || i, 'w', '{kubernetes}' FROM generate_series(1, 20000) i`,
    );
    await database.dataSource.query(
      `INSERT INTO device_bindings (node_name, kind, key, pod_uid, source) SELECT 'n', 'gpu', i, 'p' || i, 'kubernetes' FROM generate_series(1, 20000) i`,
    );
    await database.dataSource.query('ANALYZE');
    const [seen] = await database.dataSource.query<{ snapshot: string; horizon: string }[]>(SNAPSHOT);
    for (const table of TABLES) {
      const plan = await database.dataSource.query<{ 'QUERY PLAN': string }[]>(
        `EXPLAIN ${deltaStatement(table).replace('$1', `'${seen?.snapshot}'`).replace('$2', `'${seen?.horizon}'`).replace('$3', '5001')}`,
      );
      expect(plan.map((line) => line['QUERY PLAN']).join('\n')).toContain(`${table.table}_changed_xid`);
    }
  });

  it('is shown with its state on request', async () => {
    await app.put({ pods: [pod('p1', { devices: [{ type: 'gpu', no: 0 }] })] });
    expect(await app.request('GET', '/v1/pods/cache?stats=true')).toMatchObject({
      status: 200,
      body: {
        synced: true,
        age_seconds: expect.any(Number) as number,
        last_refresh: { mode: 'changes', duration_ms: expect.any(Number) as number },
        sizes: { nodes: 1, pods: 1, workloads: 0, bindings: 1 },
        cache: { n1: { gpu_id: { '0': ['pod-p1', 'p1'] } } },
      },
    });
    expect(await app.request('GET', '/v1/pods/workload/cache?stats=1')).toMatchObject({ status: 400 });
  });

  it('forgets in the database what ended long ago, and nothing else', async () => {
    const workloads = ['w1', 'w2'].map((uid) => ({ uid, name: uid, namespace: 'ml', kind: 'Job' }));
    const devices = [{ type: 'gpu', no: 0 }];
    await app.put({
      nodes: [{ name: 'gone' }],
      workloads,
      pods: [pod('p1', { workload_uids: ['w1'], devices }), pod('p2', { workload_uids: ['w2'] })],
    });
    await app.put({ workloads: [workloads[1]], pods: [pod('p2', { workload_uids: ['w2'], devices })] });
    const writer = app.get(RetentionWriter);
    const now = Date.now();
    expect(await writer.deleteBefore(now - 60_000, now, 2)).toBe(0);
    expect(await writer.deleteBefore(now + 60_000, now, 2)).toBe(5);
    const left = await database.dataSource.query<object[]>(
      `SELECT (SELECT string_agg(uid, ',') FROM pods) AS pods, (SELECT string_agg(uid, ',') FROM workloads) AS workloads,
        (SELECT string_agg(name, ',') FROM nodes) AS nodes, (SELECT count(*)::int FROM device_bindings) AS bindings`,
    );
    expect(left).toEqual([{ pods: 'p2', workloads: 'w2', nodes: 'n1', bindings: 1 }]);
  });
});

describe('the inventory cache without its database', () => {
  it('keeps the last state, says 503 to writers and says how old it is', async () => {
    const database = await createTestDatabase();
    const proxy = await TcpProxy.start(database.url);
    const app = await PodsApp.start(proxy.url, { CACHE_REFRESH_INTERVAL: '100ms', DATABASE_CONNECT_TIMEOUT: '500ms' });
    try {
      await app.put({ pods: [pod('p1', { devices: [{ type: 'gpu', no: 0 }] })] });
      await proxy.close();
      await expect(app.cache.refresh()).rejects.toThrow();
      expect(await app.put({ pods: [] })).toMatchObject({ status: 503 });
      const event = { type: 'running', source: 'k8s', node: 'n1', container_id: 'c1' };
      expect(await app.event(event)).toMatchObject({ status: 503 });
      expect(await app.devicePods()).toEqual({ n1: { gpu_id: { '0': ['pod-p1', 'p1'] } } });
      await eventually(async () => {
        const { body } = await app.request('GET', '/health');
        return JSON.stringify(body).includes('could not be read for a while');
      });
    } finally {
      await app.stop();
      await database.drop();
    }
  }, 30_000);

  it('goes on when the database comes back', async () => {
    const parent = await mkdtemp(join(tmpdir(), 'telemetry-processor-pods-'));
    await chmod(parent, 0o755);
    const settings = { shared_buffers: '16MB' };
    const options = { dataDir: join(parent, 'data'), database: 'telemetry_processor', settings };
    const server = await EmbeddedServer.start({ ...options, initdbArguments: ['--no-sync'] });
    const app = await PodsApp.start(server.url, { CACHE_REFRESH_INTERVAL: '100ms' });
    try {
      await app.put({ pods: [pod('p1')] });
      process.kill(server.pid!, 'SIGKILL');
      await eventually(() =>
        app.cache.refresh().then(
          () => false,
          () => true,
        ),
      );
      expect(await app.podWorkloads()).toEqual({ 'pod-p1': [['pod-p1', 'p1']] });
      await eventually(async () => (await app.put({ pods: [pod('p2')] })).status === 200, 20_000);
      expect(await app.podWorkloads()).toEqual({ 'pod-p2': [['pod-p2', 'p2']] });
    } finally {
      await app.stop();
      await server.stop();
      await rm(parent, { recursive: true, force: true });
    }
  }, 60_000);
});
