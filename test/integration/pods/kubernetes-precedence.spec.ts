import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { chain, lastChange, T, TestLeader, watchedNode, watchedPod } from './kubernetes-batches.js';
import { PodsApp } from './pods-app.js';

const GPU = { name: 'card0', id: 0 };
const running = (containerId = 'c1', data: object = {}) => ({
  type: 'running',
  source: 'k8s',
  node: 'n1',
  container_id: containerId,
  data: {
    pod_name: 'from-event',
    pod_namespace: 'ml',
    pod_uuid: 'p1',
    status: 'running',
    created_at: `${T}000000`,
    devices: { gpu: [GPU] },
    ...data,
  },
});
const body = (part: object = {}) => ({
  workloads: [
    { uid: 'w1', name: 'w1' },
    { uid: 'w2', name: 'w2' },
  ],
  pods: [{ uid: 'p1', name: 'from-body', namespace: 'ml', node_name: 'n1', phase: 'Running', ...part }],
});

describe('the Kubernetes watch beside other sources', () => {
  let database: TestDatabase;
  let app: PodsApp;
  let leader: TestLeader;

  beforeEach(async () => {
    database = await createTestDatabase();
    app = await PodsApp.start(database.url);
    leader = await new TestLeader(database).begin();
  });

  afterEach(async () => {
    await app.stop();
    await database.drop();
  });

  const query = <R>(sql: string) => database.dataSource.query<R[]>(sql);
  const pods = () => query('SELECT name, ended_at, sources FROM pods');
  const bindings = () => query('SELECT pod_uid AS pod, source, bound_at, released_at FROM device_bindings ORDER BY id');
  const end = (endedAt: number) => leader.write({ removedPods: [{ uid: 'p1', endedAt }] });

  it('has the last word on facts', async () => {
    await app.event(running());
    await app.put(body({ pod_ip: '10.9.9.9' }));
    await leader.write({ pods: [watchedPod('p1')] });
    await app.event(running('c2'));
    await app.put(body({ pod_ip: '10.9.9.9' }));
    expect(await query('SELECT name, pod_ip, started_at, sources FROM pods')).toEqual([
      {
        name: 'pod-p1',
        pod_ip: '10.1.0.1',
        started_at: new Date(T - 1_000),
        sources: ['container_event', 'inventory', 'kubernetes'],
      },
    ]);
  });

  it('ends a pod for which others vouch, and they do not bring it back', async () => {
    await app.event(running());
    await app.put(body({ devices: [{ type: 'gpu', no: 1 }] }));
    await leader.write({ pods: [watchedPod('p1')] });
    await end(T + 1_000);
    const ended = { ended_at: new Date(T + 1_000) };
    const released = [{ released_at: new Date(T + 1_000) }, { source: 'inventory' }];
    expect(await pods()).toMatchObject([ended]);
    expect(await query('SELECT FROM device_bindings WHERE released_at IS NULL')).toEqual([]);
    await app.event(running('c1', { devices: { gpu: [GPU] } }));
    await app.event({ ...running(), type: 'snapshot' });
    await app.put(body({ devices: [{ type: 'gpu', no: 1 }] }));
    await app.put(body({ devices: [{ type: 'gpu', no: 1 }] }));
    expect(await pods()).toMatchObject([ended]);
    expect(await bindings()).toMatchObject(released);
    expect(await bindings()).toHaveLength(2);
    await app.put({ pods: [] });
    await app.event({ ...running(), type: 'deleted' });
    await app.event(running('c2'));
    expect(await pods()).toMatchObject([ended]);
  });

  it('ends a pod that only containers told of for good', async () => {
    await app.event(running());
    await end(T + 1_000);
    await app.event(running('c2'));
    expect(await pods()).toEqual([
      { name: 'from-event', ended_at: new Date(T + 1_000), sources: ['container_event', 'kubernetes'] },
    ]);
  });

  it('ends a pod for good that has ended without it', async () => {
    await app.event(running());
    await app.event({ ...running(), type: 'exit', data: { ...running().data, exit_time: T + 500 } });
    await end(T + 1_000);
    await app.event(running('c2'));
    expect(await pods()).toEqual([
      { name: 'from-event', ended_at: new Date(T + 500), sources: ['kubernetes', 'container_event'] },
    ]);
  });

  it('leaves the devices of a container that is told of too late to the time before the end', async () => {
    await leader.write({ pods: [watchedPod('p1')] });
    await end(T + 1_000);
    const told = [{ pod: 'p1', source: 'container_event', bound_at: new Date(T), released_at: new Date(T + 1_000) }];
    await app.event(running());
    expect(await bindings()).toEqual(told);
    await app.event(running());
    await app.event({ ...running(), type: 'snapshot', data: { ...running().data, status: 'sleeping' } });
    expect(await bindings()).toEqual(told);
    expect(await app.devicePods()).toEqual({});
  });

  it('sees a pod alive that others take for ended', async () => {
    await app.event(running());
    await app.event({ ...running(), type: 'exit', data: { ...running().data, exit_time: T + 500 } });
    await leader.write({ pods: [watchedPod('p1')] });
    expect(await pods()).toMatchObject([{ ended_at: null }]);
    await app.put(body({ phase: 'Failed' }));
    await app.put({ pods: [] });
    expect(await pods()).toMatchObject([{ ended_at: null, sources: ['kubernetes'] }]);
    await end(T + 1_000);
    await leader.write({ pods: [watchedPod('p1')] });
    expect(await pods()).toMatchObject([{ ended_at: null }]);
  });

  it('takes a node away that only containers told of besides, until they do again', async () => {
    const removed = () => query('SELECT removed_at, sources FROM nodes');
    await app.event(running());
    await leader.write({ nodes: [watchedNode('n1')] });
    await leader.write({ removedNodes: ['n1'] });
    expect(await removed()).toEqual([{ removed_at: new Date(T), sources: [] }]);
    await app.event(running('c2'));
    expect(await removed()).toEqual([{ removed_at: null, sources: ['container_event'] }]);
    await app.put({ nodes: [{ name: 'n1' }] });
    await leader.write({ nodes: [watchedNode('n1')] });
    await leader.write({ removedNodes: ['n1'] });
    expect(await removed()).toEqual([{ removed_at: null, sources: ['inventory'] }]);
  });

  it('withdraws its own references alone, with the places in the chain', async () => {
    const references = () =>
      query(
        'SELECT workload_uid AS uid, depth, is_root, sources FROM pod_workloads WHERE removed_at IS NULL ORDER BY 1',
      );
    await app.put(body({ workload_uids: ['w1'] }));
    expect(await references()).toEqual([{ uid: 'w1', depth: null, is_root: true, sources: ['inventory'] }]);
    await app.put(body({ workload_uids: ['w1', 'w2'] }));
    const unknown = { depth: null, is_root: null, sources: ['inventory'] };
    expect(await references()).toEqual([
      { uid: 'w1', ...unknown },
      { uid: 'w2', ...unknown },
    ]);
    await leader.write({ pods: [watchedPod('p1')], chains: [chain('p1', 'w1', 'top')] });
    await app.put(body({ workload_uids: ['w1'] }));
    expect(await references()).toEqual([
      { uid: 'top', depth: 2, is_root: true, sources: ['kubernetes'] },
      { uid: 'w1', depth: 1, is_root: false, sources: ['inventory', 'kubernetes'] },
    ]);
    await leader.write({ chains: [chain('p1', 'top')] });
    expect(await references()).toEqual([
      { uid: 'top', depth: 1, is_root: true, sources: ['kubernetes'] },
      { uid: 'w1', ...unknown },
    ]);
  });

  it('and they leave each other alone when nothing changes', async () => {
    const all = async () => {
      await leader.write({ pods: [watchedPod('p1')], chains: [chain('p1', 'w1', 'w2')] });
      await app.put(body({ workload_uids: ['w1'] }));
      await app.event({ ...running(), type: 'snapshot' });
    };
    await all();
    await all();
    const before = await lastChange(database);
    await all();
    expect(await lastChange(database)).toBe(before);
  });
});
