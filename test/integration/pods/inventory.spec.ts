import { eachWithFreshApp, type Fresh, type PodsApp } from './pods-app.js';

const NODE = { name: 'n1', address: '10.0.0.1', status: 'Ready' };
const JOB = { uid: 'w1', name: 'llama', namespace: 'ml', kind: 'PyTorchJob' };

function pod(uid: string, part: object = {}) {
  return { uid, name: `pod-${uid}`, namespace: 'ml', node_name: 'n1', phase: 'Running', ...part };
}

const gpu = (no: number, part: object = {}) => ({ type: 'gpu', no, ...part });

describe('PUT /v1/pods/inventory', () => {
  let app: PodsApp;

  let query: Fresh['query'];
  eachWithFreshApp((fresh) => ({ app, query } = fresh));

  const bindings = () =>
    query(`SELECT pod_uid AS pod, key, bound_at IS NULL AS always, released_at IS NOT NULL AS released
      FROM device_bindings ORDER BY id`);

  it('shows in the caches before it is answered, and again says what it took away', async () => {
    const full = {
      nodes: [NODE],
      workloads: [JOB],
      pods: [pod('p1', { workload_uids: ['w1'], devices: [gpu(0), { type: 'ib', name: 'mlx5_0' }] }), pod('p2')],
    };
    const first = await app.put(full);
    expect(first).toEqual({
      status: 200,
      body: { nodes: 1, workloads: 1, pods: 2, devices: 2, removed: { nodes: 0, workloads: 0, pods: 0, devices: 0 } },
    });
    expect(await app.devicePods()).toEqual({
      n1: { gpu_id: { '0': ['pod-p1', 'p1'] }, device: { mlx5_0: ['pod-p1', 'p1'] } },
    });
    expect(await app.podWorkloads()).toEqual({ 'pod-p1': [['llama', 'w1']], 'pod-p2': [['pod-p2', 'p2']] });
    const second = await app.put({ nodes: [NODE], pods: [pod('p2')] });
    expect(second.body).toMatchObject({ removed: { nodes: 0, workloads: 1, pods: 1, devices: 2 } });
    expect(await app.devicePods()).toEqual({});
    expect(await app.podWorkloads()).toEqual({ 'pod-p2': [['pod-p2', 'p2']] });
  });

  it('writes nothing when nothing has changed', async () => {
    const body = {
      nodes: [NODE],
      workloads: [JOB],
      pods: [pod('p1', { workload_uids: ['w1'], started_at: '2026-01-01T00:00:00Z', devices: [gpu(0)] })],
    };
    await app.put(body);
    const written = () =>
      query(`SELECT max(changed_xid::text::bigint) AS last FROM (
        SELECT changed_xid FROM nodes UNION ALL SELECT changed_xid FROM workloads UNION ALL SELECT changed_xid FROM pods
        UNION ALL SELECT changed_xid FROM pod_workloads UNION ALL SELECT changed_xid FROM device_bindings) x`);
    const before = await written();
    const { epoch } = app.cache.stamps;
    await app.put(body);
    expect(await written()).toEqual(before);
    expect(app.cache.stamps.epoch).toBe(epoch);
  });

  it('keeps the intervals of a device that moves', async () => {
    await app.put({ pods: [pod('p1', { devices: [gpu(0)] })] });
    await app.put({ pods: [pod('p1'), pod('p2', { devices: [gpu(0)] })] });
    await app.put({ pods: [pod('p1', { devices: [gpu(0, { since: '2026-01-01T00:00:00Z' })] }), pod('p2')] });
    expect(await bindings()).toEqual([
      { pod: 'p1', key: '0', always: true, released: true },
      { pod: 'p2', key: '0', always: false, released: true },
      { pod: 'p1', key: '0', always: false, released: false },
    ]);
    expect(await query(`SELECT bound_at FROM device_bindings ORDER BY id DESC LIMIT 1`)).toEqual([
      { bound_at: new Date('2026-01-01T00:00:00Z') },
    ]);
  });

  it('lets pods share a device', async () => {
    await app.put({ pods: [pod('p1', { devices: [gpu(0)] }), pod('p2', { devices: [gpu(0)] })] });
    expect(await bindings()).toEqual([
      { pod: 'p1', key: '0', always: true, released: false },
      { pod: 'p2', key: '0', always: true, released: false },
    ]);
  });

  it('releases the devices of a completed pod, and revives a pod that comes back', async () => {
    await app.put({ pods: [pod('p1', { devices: [gpu(0)] })] });
    await app.put({ pods: [pod('p1', { phase: 'Failed', devices: [gpu(0)] })] });
    expect(await app.devicePods()).toEqual({});
    expect(await app.podWorkloads()).toEqual({});
    await app.put({ pods: [] });
    await app.put({ pods: [pod('p1', { devices: [gpu(0)] })] });
    expect(await app.podWorkloads()).toEqual({ 'pod-p1': [['pod-p1', 'p1']] });
    expect(await app.devicePods()).toEqual({ n1: { gpu_id: { '0': ['pod-p1', 'p1'] } } });
    expect(await query('SELECT sources, ended_at FROM pods')).toEqual([{ sources: ['inventory'], ended_at: null }]);
  });

  it('keeps the workloads of a pod that has just gone, for samples that arrive late', async () => {
    await app.put({ workloads: [JOB], pods: [pod('p1', { workload_uids: ['w1'] })] });
    await app.put({ pods: [] });
    const found = app.cache.view().podsByName('ml', 'pod-p1', { read: () => undefined } as never);
    expect(found).toMatchObject([{ uid: 'p1', workloads: [{ uid: 'w1', kind: 'PyTorchJob' }] }]);
    expect(found[0]?.endedAt).toBeLessThan(Infinity);
  });

  it('changes workloads of a pod', async () => {
    const other = { ...JOB, uid: 'w2', name: 'mistral' };
    await app.put({ workloads: [JOB, other], pods: [pod('p1', { workload_uids: ['w1'] })] });
    await app.put({ workloads: [JOB, other], pods: [pod('p1', { workload_uids: ['w2'] })] });
    expect(await app.podWorkloads()).toEqual({ 'pod-p1': [['mistral', 'w2']] });
  });

  it('refuses a body with problems and changes nothing', async () => {
    await app.put({ pods: [pod('p1')] });
    const unknown = await app.put({ pods: [pod('p1'), pod('p2', { workload_uids: ['w9'] })] });
    expect(unknown).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', errors: [{ field: 'pods[1].workload_uids[0]', value: 'w9' }] },
    });
    const wrong = await app.put({ pods: [{ uid: 7 }] });
    expect(wrong).toMatchObject({ status: 400, body: { errors: [{ field: 'pods[0].uid', value: 7 }, {}, {}] } });
    expect(await app.podWorkloads()).toEqual({ 'pod-p1': [['pod-p1', 'p1']] });
  });

  it('gives in to the Kubernetes watch, and takes only its own back', async () => {
    await query(`INSERT INTO pods (uid, name, namespace, node_name, owners_known, sources)
      VALUES ('p1', 'watched', 'ml', 'n1', true, '{kubernetes}')`);
    await query(
      `INSERT INTO workloads (uid, name, namespace, kind, sources) VALUES ('w1', 'watched', 'ml', 'Job', '{kubernetes}')`,
    );
    await app.put({ pods: [pod('p1', { pod_ip: '10.1.0.1', workload_uids: ['w1'] })] });
    expect(await query('SELECT name, pod_ip, sources, ended_at FROM pods')).toEqual([
      { name: 'watched', pod_ip: '10.1.0.1', sources: ['kubernetes', 'inventory'], ended_at: null },
    ]);
    await app.put({ pods: [] });
    expect(await query('SELECT sources, ended_at FROM pods')).toEqual([{ sources: ['kubernetes'], ended_at: null }]);
    expect(await app.podWorkloads()).toEqual({ watched: [['watched', 'p1']] });
  });

  it('takes concurrent bodies one after the other', async () => {
    const body = (uid: string) => ({ pods: [pod(uid, { devices: [gpu(0)] })] });
    const answers = await Promise.all(['a', 'b', 'c', 'd'].map((uid) => app.put(body(uid))));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(await query('SELECT count(*)::int AS n FROM pods WHERE ended_at IS NULL')).toEqual([{ n: 1 }]);
    expect(await query('SELECT count(*)::int AS n FROM device_bindings WHERE released_at IS NULL')).toEqual([{ n: 1 }]);
  });
});
