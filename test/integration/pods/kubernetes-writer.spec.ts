import { RetentionWriter } from '../../../src/pods/retention/retention.writer.js';
import { Transactions } from '../../../src/database/transactions.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { chain, lastChange, T, TestLeader, watchedNode, watchedPod } from './kubernetes-batches.js';

const completed = (uid: string, completedAt: number | null = null) =>
  watchedPod(uid, { phase: 'Succeeded', isCompleted: true, completedAt });

describe('what the Kubernetes watch writes', () => {
  let database: TestDatabase;
  let leader: TestLeader;

  beforeEach(async () => {
    database = await createTestDatabase();
    leader = await new TestLeader(database).begin();
  });

  afterEach(() => database.drop());

  const query = <R>(sql: string) => database.dataSource.query<R[]>(sql);
  const pods = () => query('SELECT uid, ended_at, owners_known, sources FROM pods ORDER BY uid');
  const live = async (table: string, column: string) =>
    (await query<{ key: string }>(`SELECT ${column} AS key FROM ${table} WHERE removed_at IS NULL ORDER BY 1`)).map(
      ({ key }) => key,
    );
  const workloads = () => live('workloads', 'uid');
  const references = () => live('pod_workloads', `concat_ws(' ', pod_uid, workload_uid, depth, is_root)`);
  const bind = (pod: string, key: string, source = 'exporter', boundAt = T - 500) =>
    query(`INSERT INTO device_bindings (node_name, kind, key, pod_uid, source, bound_at)
      VALUES ('n1', 'gpu', '${key}', '${pod}', '${source}', to_timestamp(${boundAt / 1_000}))`);
  const released = async () =>
    (await query<{ at: Date | null }>('SELECT released_at AS at FROM device_bindings ORDER BY id')).map(({ at }) =>
      at === null ? null : at.getTime() - T,
    );

  it('is what it says of nodes, pods and the workloads they belong to', async () => {
    await leader.write({
      nodes: [watchedNode('n1')],
      pods: [watchedPod('p1'), watchedPod('p2', { startedAt: null, nodeName: null, phase: 'Pending', podIp: null })],
      chains: [chain('p1', 'job', 'trainjob')],
    });
    expect(await query('SELECT name, addresses, status, sources, removed_at FROM nodes')).toEqual([
      { name: 'n1', addresses: ['10.0.0.1'], status: 'Ready', sources: ['kubernetes'], removed_at: null },
    ]);
    const shown = 'uid, name, namespace, node_name, phase, pod_ip, host_network, owners_known, started_at, ended_at';
    const common = { namespace: 'ml', host_network: false, ended_at: null };
    expect(await query(`SELECT ${shown} FROM pods ORDER BY uid`)).toEqual([
      {
        ...common,
        uid: 'p1',
        name: 'pod-p1',
        node_name: 'n1',
        phase: 'Running',
        pod_ip: '10.1.0.1',
        owners_known: true,
        started_at: new Date(T - 1_000),
      },
      {
        ...common,
        uid: 'p2',
        name: 'pod-p2',
        node_name: null,
        phase: 'Pending',
        pod_ip: null,
        owners_known: false,
        started_at: new Date(T - 2_000),
      },
    ]);
    expect(await references()).toEqual(['p1 job 1 f', 'p1 trainjob 2 t']);
    expect(await query('SELECT uid, kind, api_group, owner_uid, created_at FROM workloads ORDER BY uid')).toEqual([
      { uid: 'job', kind: 'Job', api_group: 'batch', owner_uid: 'trainjob', created_at: new Date(T - 9_000) },
      { uid: 'trainjob', kind: 'Job', api_group: 'batch', owner_uid: null, created_at: new Date(T - 9_000) },
    ]);
  });

  it('changes nothing the second time', async () => {
    const batch = {
      nodes: [watchedNode('n1'), watchedNode('n3')],
      removedNodes: ['n2', 'n3'],
      pods: [watchedPod('p1'), completed('p2'), completed('p3', T - 300), watchedPod('p4'), watchedPod('p5')],
      removedPods: [
        { uid: 'p4', endedAt: T + 7 },
        { uid: 'p9', endedAt: T + 7 },
      ],
      chains: [chain('p1', 'a', 'b'), chain('p2', 'c'), chain('p4', 'a'), chain('p5'), chain('p9', 'z')],
    };
    expect(await leader.write(batch)).toBe(true);
    const before = await lastChange(database);
    expect(await leader.write(batch, T + 60_000)).toBe(false);
    expect(
      await leader.run((manager, writer) => writer.withdrawMissing(manager, { kind: 'pods' }, ['p1', 'p5'], T)),
    ).toBe(0);
    expect(await lastChange(database)).toBe(before);
    expect(await leader.write({})).toBe(false);
  });

  it('takes a repeated object for one, the newest', async () => {
    await leader.write({
      nodes: [watchedNode('n1', { status: 'NotReady' }), watchedNode('n1')],
      pods: [watchedPod('p1', { phase: 'Pending' }), watchedPod('p1')],
      chains: [chain('p1', 'x'), chain('p1', 'a', 'b', 'a')],
    });
    expect(await query('SELECT phase FROM pods')).toEqual([{ phase: 'Running' }]);
    expect(await references()).toEqual(['p1 a 3 t', 'p1 b 2 f']);
  });

  it('ends pods when they completed, or when that is first heard of', async () => {
    await leader.write({ pods: [watchedPod('p1'), watchedPod('p2')] });
    await leader.write({ pods: [completed('p1', T + 100), completed('p2')] }, T + 200);
    await leader.write({ pods: [completed('p1', T + 100), completed('p2')] }, T + 300);
    await leader.write({ removedPods: ['p1', 'p2'].map((uid) => ({ uid, endedAt: T + 400 })) });
    expect(await pods()).toMatchObject([{ ended_at: new Date(T + 100) }, { ended_at: new Date(T + 200) }]);
    await leader.write({ pods: [watchedPod('p1')] });
    expect(await pods()).toMatchObject([{ ended_at: null }, {}]);
  });

  it('releases all devices of an ended pod, whoever brought them, at its end', async () => {
    await leader.write({ pods: ['p1', 'p2', 'p3', 'p4'].map((uid) => watchedPod(uid)) });
    await bind('p1', '0', 'exporter');
    await bind('p1', '1', 'inventory', T + 150);
    await bind('p2', '2', 'container_event');
    await bind('p3', '3', 'kubernetes');
    await bind('p4', '4');
    await leader.write({ pods: [completed('p1', T + 100)], removedPods: [{ uid: 'p2', endedAt: T + 200 }] }, T + 300);
    expect(await released()).toEqual([100, 150, 200, null, null]);
    await leader.run((manager, writer) => writer.withdrawMissing(manager, { kind: 'pods' }, ['p4'], T + 400));
    expect(await released()).toEqual([100, 150, 200, 400, null]);
  });

  it('keeps the references current while a pod lives, and as they are when it has ended', async () => {
    await leader.write({ pods: [watchedPod('p1')], chains: [chain('p1', 'job', 'cronjob')] });
    await leader.write({ pods: [watchedPod('p1')] });
    await leader.write({ chains: [{ podUid: 'p1', chain: { workloads: [], ownersKnown: false } }] });
    expect(await references()).toEqual(['p1 cronjob 2 t', 'p1 job 1 f']);
    await leader.write({ chains: [chain('p1', 'job', 'trainjob', 'platform')] });
    expect(await references()).toEqual(['p1 job 1 f', 'p1 platform 3 t', 'p1 trainjob 2 f']);
    expect(await workloads()).toEqual(['job', 'platform', 'trainjob']);
    await leader.write({ pods: [completed('p1')], chains: [chain('p1', 'job')] });
    expect(await references()).toEqual(['p1 job 1 f', 'p1 platform 3 t', 'p1 trainjob 2 f']);
  });

  it('knows owners of pods that were written before, and of none that were not', async () => {
    await leader.write({ pods: [watchedPod('p1')] });
    expect(await leader.write({ chains: [chain('p1'), chain('p2', 'job')] })).toBe(true);
    expect(await pods()).toMatchObject([{ uid: 'p1', owners_known: true }]);
    expect(await references()).toEqual([]);
    expect(await workloads()).toEqual([]);
    await leader.write({ pods: [watchedPod('p1', { phase: 'Unknown' })] });
    expect(await pods()).toMatchObject([{ uid: 'p1', owners_known: true }]);
  });

  it('withdraws a workload with its last live pod, and brings it back with the next', async () => {
    await leader.write({
      pods: [watchedPod('p1'), watchedPod('p2')],
      chains: [chain('p1', 'a', 'root'), chain('p2', 'b', 'root')],
    });
    await leader.write({ removedPods: [{ uid: 'p1', endedAt: T }] });
    expect(await workloads()).toEqual(['b', 'root']);
    await leader.write({ pods: [completed('p2')] });
    expect(await workloads()).toEqual([]);
    expect(await references()).toHaveLength(4);
    await leader.write({ pods: [watchedPod('p1')] });
    expect(await workloads()).toEqual(['a', 'root']);
    await leader.write({ pods: [watchedPod('p3')], chains: [chain('p3', 'b')] });
    expect(await workloads()).toEqual(['a', 'b', 'root']);
    await leader.write({ chains: [chain('p3', 'a')] });
    expect(await workloads()).toEqual(['a', 'root']);
  });

  it('tells the workloads of a pod that had ended when it was first seen', async () => {
    await leader.write({
      pods: [completed('p1', T - 100), watchedPod('p2')],
      chains: [chain('p1', 'a'), chain('p2', 'b')],
    });
    expect(await references()).toEqual(['p1 a 1 t', 'p2 b 1 t']);
    expect(await workloads()).toEqual(['b']);
    expect(await query(`SELECT name FROM workloads WHERE uid = 'a'`)).toEqual([{ name: 'a' }]);
    await leader.write({ pods: [watchedPod('p3')], chains: [chain('p3', 'a')] });
    expect(await workloads()).toEqual(['a', 'b']);
  });

  it('ends what a full list does not show, in its scope', async () => {
    await leader.write({
      nodes: [watchedNode('n1'), watchedNode('n2')],
      pods: [
        watchedPod('p1'),
        watchedPod('p2'),
        watchedPod('q1', { namespace: 'web' }),
        watchedPod('r1', { namespace: 'ci' }),
      ],
      chains: [chain('p2', 'job')],
    });
    await query(`INSERT INTO pods (uid, name, namespace, sources) VALUES ('x', 'x', 'ml', '{inventory}')`);
    const ended = async () =>
      (await query<{ uid: string }>('SELECT uid FROM pods WHERE ended_at IS NOT NULL ORDER BY uid')).map(
        ({ uid }) => uid,
      );
    const missing = (scope: Parameters<typeof leader.writer.withdrawMissing>[1], present: string[]) =>
      leader.run((manager, writer) => writer.withdrawMissing(manager, scope, present, T));
    expect(await missing({ kind: 'pods', namespace: 'ml' }, ['p1'])).toBe(1);
    expect(await ended()).toEqual(['p2']);
    expect(await workloads()).toEqual([]);
    expect(await leader.run((manager, writer) => writer.withdrawUnwatched(manager, ['ml', 'web'], T))).toBe(1);
    expect(await ended()).toEqual(['p2', 'r1']);
    expect(await missing({ kind: 'pods' }, [])).toBe(2);
    expect(await ended()).toEqual(['p1', 'p2', 'q1', 'r1']);
    expect(await missing({ kind: 'nodes' }, ['n2'])).toBe(1);
    expect(await missing({ kind: 'nodes' }, ['n2'])).toBe(0);
    expect(await live('nodes', 'name')).toEqual(['n2']);
  });

  it('comes from one leader at a time', async () => {
    const next = await new TestLeader(database).begin();
    await expect(leader.write({ nodes: [watchedNode('n1')] })).rejects.toThrow(
      'Another replica watches the cluster by now',
    );
    expect(await live('nodes', 'name')).toEqual([]);
    expect(await next.write({ nodes: [watchedNode('n1')] })).toBe(true);
    expect(next.term).toBe(leader.term + 1);
  });

  it('is finished before another leader begins', async () => {
    const runner = database.dataSource.createQueryRunner();
    await runner.startTransaction();
    await leader.writer.holdTerm(runner.manager, leader.term);
    const order: string[] = [];
    const beginning = new TestLeader(database).begin().then(() => order.push('begun'));
    await new Promise((resolve) => setTimeout(resolve, 100));
    order.push('committing');
    await runner.commitTransaction();
    await runner.release();
    await beginning;
    expect(order).toEqual(['committing', 'begun']);
  });

  it('goes in large batches', async () => {
    const uids = Array.from({ length: 10_000 }, (_, i) => `p${i}`);
    const batch = {
      pods: uids.map((uid) => watchedPod(uid)),
      chains: uids.map((uid, i) => chain(uid, `job-${i % 2_000}`, `root-${i % 100}`)),
    };
    expect(await leader.write(batch)).toBe(true);
    expect(await leader.write(batch)).toBe(false);
    expect(await workloads()).toHaveLength(2_100);
    const listed = uids.slice(0, 5_000);
    expect(await leader.run((manager, writer) => writer.withdrawMissing(manager, { kind: 'pods' }, listed, T))).toBe(
      5_000,
    );
    expect(await leader.write({ removedPods: listed.map((uid) => ({ uid, endedAt: T })) })).toBe(true);
    expect(await workloads()).toEqual([]);
  }, 30_000);

  it('is deleted in the end with everything else', async () => {
    await leader.write({
      nodes: [watchedNode('n1')],
      pods: [watchedPod('p1'), completed('p2', T - 100), watchedPod('p3')],
      chains: [chain('p1', 'a'), chain('p2', 'b'), chain('p3', 'c')],
    });
    await leader.write({ removedPods: [{ uid: 'p1', endedAt: T }], removedNodes: ['n1'] });
    await query(`INSERT INTO pod_workloads (pod_uid, workload_uid, sources) VALUES ('gone', 'b', '{kubernetes}')`);
    const retention = new RetentionWriter(new Transactions(database.dataSource, { transactionAttempts: 3 }));
    await retention.deleteBefore(T + 1, T + 1, 100);
    expect(await query('SELECT uid FROM pods')).toEqual([{ uid: 'p3' }]);
    expect(await query('SELECT uid FROM workloads')).toEqual([{ uid: 'c' }]);
    expect(await query('SELECT pod_uid FROM pod_workloads')).toEqual([{ pod_uid: 'p3' }]);
    expect(await query('SELECT name FROM nodes')).toEqual([]);
  });
});
