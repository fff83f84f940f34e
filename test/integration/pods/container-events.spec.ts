import { eachWithFreshApp, type Fresh, type PodsApp } from './pods-app.js';

const T = 1_793_520_000_000;
const POD_DATA = { pod_name: 'worker-0', pod_namespace: 'ml', pod_uuid: 'p1' };
const GPU = { name: 'card0', id: 0, serial: 's0' };

function k8s(type: string, data: object = {}, part: object = {}) {
  return { type, source: 'k8s', node: 'n1', container_id: 'containerd://c1', data: { ...POD_DATA, ...data }, ...part };
}

const running = (part: object = {}) =>
  k8s('running', { status: 'running', created_at: `${T}000000`, devices: { gpu: [GPU] }, ...part });

describe('container events', () => {
  let app: PodsApp;

  let query: Fresh['query'];
  eachWithFreshApp((fresh) => ({ app, query } = fresh));

  const bindings = () =>
    query(
      `SELECT pod_uid AS pod, container_id AS container, kind, key, bound_at, released_at FROM device_bindings ORDER BY id`,
    );
  const devicePods = async () => {
    await app.cache.refresh();
    return app.devicePods();
  };

  it('make pods, nodes and bindings known, whose owners are yet unknown', async () => {
    expect(await app.event(running())).toEqual({ status: 200, body: { status: 'ok', outcome: 'applied' } });
    expect(await devicePods()).toEqual({ n1: { gpu_id: { '0': ['worker-0', 'p1'] } } });
    expect(await app.podWorkloads()).toEqual({});
    expect(await bindings()).toEqual([
      { pod: 'p1', container: 'c1', kind: 'gpu', key: '0', bound_at: new Date(T), released_at: null },
    ]);
  });

  it('change nothing when they are repeated', async () => {
    const events = [running(), k8s('exit', { exit_time: T + 5_000, exit_code: 1 })];
    const state = () => query('SELECT c, p, b FROM containers c, pods p, device_bindings b');
    for (const event of events) {
      await app.event(event);
      const before = await state();
      expect(await app.event(event)).toMatchObject({ body: { outcome: 'repeated' } });
      expect(await state()).toEqual(before);
    }
    const before = await state();
    expect(await app.event(running())).toMatchObject({ status: 200, body: { outcome: 'stale' } });
    expect(await state()).toEqual(before);
    expect(await bindings()).toMatchObject([{ bound_at: new Date(T), released_at: new Date(T + 5_000) }]);
    expect(await query('SELECT ended_at, sources FROM pods')).toEqual([{ ended_at: new Date(T + 5_000), sources: [] }]);
  });

  it('let a pod live as long as one of its containers', async () => {
    const second = { ...running(), container_id: 'c2' };
    await app.request('POST', '/v1/container-events/batch', { events: [running(), second] });
    await app.event(k8s('deleted', { exit_time: T + 1_000 }));
    expect(await query('SELECT ended_at FROM pods')).toEqual([{ ended_at: null }]);
    const concurrent = [{ ...running(), container_id: 'c3' }, second];
    await app.event(concurrent[0]);
    await Promise.all(concurrent.map((event) => app.event({ ...event, type: 'exit', data: { exit_time: T + 9_000 } })));
    expect(await query('SELECT ended_at FROM pods')).toEqual([{ ended_at: new Date(T + 9_000) }]);
    await app.event({ ...running(), container_id: 'c4' });
    expect(await query('SELECT ended_at FROM pods')).toEqual([{ ended_at: null }]);
  });

  it('stand beside the bulk inventory, which they never overwrite', async () => {
    await app.event(running());
    await app.put({ pods: [{ uid: 'p1', name: 'better', namespace: 'ml', node_name: 'n1' }] });
    await app.event(k8s('snapshot', { status: 'running', devices: { gpu: [GPU, { id: 1 }] } }));
    expect(await query('SELECT name, sources, owners_known FROM pods')).toEqual([
      { name: 'better', sources: ['container_event', 'inventory'], owners_known: true },
    ]);
    await app.put({ pods: [] });
    expect(await query('SELECT ended_at FROM pods')).toEqual([{ ended_at: null }]);
    expect(await devicePods()).toMatchObject({ n1: { gpu_id: { '0': ['better', 'p1'], '1': ['better', 'p1'] } } });
    await app.event(k8s('exit'));
    expect(await devicePods()).toEqual({});
    expect(await app.podWorkloads()).toEqual({});
  });

  it('of Docker hold devices without a pod, until Kubernetes tells whose the container is', async () => {
    const docker = {
      type: 'start',
      source: 'docker',
      node: 'n1',
      container_id: 'c1',
      data: { name: 'train', status: 'running', start_at: '2026-11-01T08:00:00Z', devices: [{ device_id: 0 }] },
    };
    await app.event(docker);
    expect(await bindings()).toMatchObject([{ pod: null, bound_at: new Date('2026-11-01T08:00:00Z') }]);
    expect(await devicePods()).toEqual({});
    await app.event(k8s('running'));
    expect(await bindings()).toMatchObject([{ pod: 'p1' }]);
    await app.event({ ...docker, container_id: 'c2', data: { ...docker.data, devices: [] } });
    await app.event({ ...k8s('running'), container_id: 'c2' });
    await app.event({
      ...docker,
      type: 'snapshot',
      container_id: 'c2',
      data: { status: 'running', devices: [{ device_id: 4 }] },
    });
    expect(await devicePods()).toEqual({ n1: { gpu_id: { '0': ['worker-0', 'p1'], '4': ['worker-0', 'p1'] } } });
  });

  it('in a batch are told of one by one', async () => {
    const batch = (events: unknown) => app.request('POST', '/v1/container-events/batch', { events });
    expect(await batch([running(), k8s('exit')])).toMatchObject({ status: 200, body: { processed: 2, failed: 0 } });
    const some = await batch([{ ...running(), container_id: 'c2' }, { type: 'running' }, 7]);
    expect(some).toMatchObject({
      status: 206,
      body: {
        processed: 1,
        failed: 2,
        results: [
          { index: 0, status: 'ok', outcome: 'applied' },
          { index: 1, status: 'error', error: expect.stringContaining('source') as string },
          { index: 2, status: 'error' },
        ],
      },
    });
    expect(await batch([{}, {}])).toMatchObject({ status: 400, body: { processed: 0, failed: 2 } });
    expect(await batch([])).toMatchObject({ status: 200, body: { processed: 0 } });
    expect(await batch({})).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', errors: [{ field: 'events' }] },
    });
    const tooMany = await batch(Array.from({ length: 1_001 }, () => running()));
    expect(tooMany).toMatchObject({ status: 400, body: { errors: [{ field: 'events', value: 1_001, limit: 1_000 }] } });
    expect(await app.event({ ...running(), source: 'lxc' })).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'source', value: 'lxc', limit: 'k8s, docker' }] },
    });
  });

  it('from many senders at once lose nothing', async () => {
    const event = (i: number) => ({ ...running({ devices: { gpu: [{ id: i }] } }), container_id: `c${i % 3}` });
    const batches = Array.from({ length: 8 }, (_, b) => Array.from({ length: 8 }, (_, i) => event((b + i) % 8)));
    const answers = await Promise.all(
      batches.map((events) => app.request('POST', '/v1/container-events/batch', { events })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await query('SELECT count(*)::int AS n FROM device_bindings WHERE released_at IS NULL')).toEqual([{ n: 8 }]);
  });

  it('of an out-of-memory kill are training events of every workload of the pod, once', async () => {
    const workloads = ['w1', 'w2'].map((uid) => ({ uid, name: uid, namespace: 'ml', kind: 'Job' }));
    const pods = [{ uid: 'p1', name: 'worker-0', namespace: 'ml', node_name: 'n1', workload_uids: ['w1', 'w2'] }];
    await app.put({ nodes: [{ name: 'n1' }], workloads, pods });
    await app.event(running());
    const kill = k8s('exit', { oom_killed: true, exit_code: 137, exit_time: T + 1_000 });
    await app.event(kill);
    await app.event(kill);
    for (const uid of ['w1', 'w2']) {
      const page = await app.request('GET', `/v1/training/workloads/${uid}/events?limit=5`);
      expect(page).toMatchObject({
        status: 200,
        body: {
          total: 1,
          limit: 5,
          items: [
            {
              workload_uid: uid,
              pod_uid: 'p1',
              type: 'oom_killed',
              occurred_at: new Date(T + 1_000).toISOString(),
              details: { container_id: 'c1', exit_code: 137 },
            },
          ],
        },
      });
    }
    expect(await app.request('GET', '/v1/training/workloads/w1/events?limit=0')).toMatchObject({ status: 400 });
  });

  it('of an out-of-memory kill belong to workloads that become known later', async () => {
    await app.event(k8s('exit', { oom_killed: true, exit_code: 137, exit_time: T }));
    const workloads = [{ uid: 'w1', name: 'w1', namespace: 'ml', kind: 'Job' }];
    await app.put({ workloads, pods: [{ uid: 'p1', name: 'worker-0', namespace: 'ml', workload_uids: ['w1'] }] });
    const page = await app.request('GET', '/v1/training/workloads/w1/events');
    expect(page.body).toMatchObject({ total: 1, items: [{ workload_uid: null, pod_uid: 'p1' }] });
  });
});
