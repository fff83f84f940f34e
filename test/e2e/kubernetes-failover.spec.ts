import { Stack } from '../support/e2e-stack.js';
import { cachedWorkloads, type Replica, syncOf, WatchingReplicas } from '../support/e2e-watching-replicas.js';
import { eventually } from '../support/eventually.js';
import { jobChain } from '../support/kubernetes/chains.js';
import { ClusterLife } from '../support/kubernetes/cluster-life.js';
import { liveUids } from '../support/kubernetes/live-truth.js';
import { pod } from '../support/kubernetes/objects.js';

/** Within that another replica has to lead once the leader is dead, ms. */
const TAKEOVER = 15_000;
const CACHES_WITHIN = 5_000;

describe('replicas that watch a cluster', () => {
  let stack: Stack;
  let replicas: WatchingReplicas;
  let life: ClusterLife;

  beforeEach(async () => {
    stack = new Stack();
    await stack.explained(async () => {
      replicas = await WatchingReplicas.start(stack, 3);
      life = new ClusterLife(replicas.api);
    })();
  });

  afterEach(() => stack.close());

  const cachesShow = (replica: Replica, names: readonly string[]) =>
    eventually(async () => {
      const cached = await cachedWorkloads(replica);
      return names.every((name) => (cached[name]?.length ?? 0) > 0);
    }, CACHES_WITHIN);

  it('go on when the leader is killed: another leads, nothing is missed, nothing that lives is ended', async () => {
    await stack.explained(async () => {
      const { api } = replicas;
      const stop = life.run();
      const first = await replicas.leader();
      await eventually(async () => (await syncOf(first)).synced);

      await first.service.end('SIGKILL');
      const created = ['gap-1', 'gap-2', 'gap-3'].map((name) => jobChain(name, { namespace: 'ml', pods: 2 }));
      for (const { all } of created) api.apply(...all);
      const others = replicas.others(first);
      const second = await replicas.leader(others, TAKEOVER);
      expect(second.term).toBe(first.term + 1);
      const names = created.flatMap(({ pods }) => pods.map(({ metadata }) => metadata.name));
      await Promise.all(others.map((other) => cachesShow(other, names)));
      stop();
      await replicas.converged(others);

      await first.service.start();
      life.change(50);
      await replicas.converged();
      expect(await replicas.leader()).toMatchObject({ service: second.service, term: second.term });
      await expectExactRows();
    })();
  });

  it('refuse what a leader writes who was out of reach and does not know that another leads', async () => {
    await stack.explained(async () => {
      const { api } = replicas;
      const paused = await replicas.leader();
      await replicas.converged();
      const from = paused.service.text.length;
      process.kill(paused.service.pid!, 'SIGSTOP');
      // The paused leader is told of this pod, and of nothing that happens to it.
      const shortLived = pod('short-lived', { namespace: 'ml' });
      api.apply(shortLived);
      api.cutWatches();
      await abandonLead(paused);

      const others = replicas.others(paused);
      const next = await replicas.leader(others, TAKEOVER);
      await replicas.converged(others);
      api.delete(shortLived);
      life.change(100);
      await replicas.converged(others);
      api.compact();
      process.kill(paused.service.pid!, 'SIGCONT');
      await paused.service.says(/Another replica watches the cluster by now/, from);
      life.change(100);
      await replicas.converged();
      expect(await replicas.leader()).toMatchObject({ service: next.service, term: next.term });
      await expectExactRows();
    })();
  });

  /** Ends the database session by which a replica leads, without its knowing. */
  async function abandonLead({ database }: Replica): Promise<void> {
    const [session] = await replicas.query<{ client_port: number }>(
      `SELECT client_port FROM pg_locks JOIN pg_stat_activity USING (pid)
       WHERE locktype = 'advisory' AND granted AND application_name LIKE '%leader kubernetes'`,
    );
    database.abandon(session?.client_port ?? 0);
  }

  /** All that lives is there once, with exactly its references; nothing of that was ever ended, nothing that ended came back. */
  async function expectExactRows(): Promise<void> {
    const living = liveUids(replicas.api);
    const rows = await replicas.query<{ uid: string }>('SELECT uid FROM pods WHERE ended_at IS NULL');
    expect(rows.map(({ uid }) => uid).sort()).toEqual([...living].sort());
    const ended = await replicas.fated('ended');
    expect(living.filter((uid) => ended.has(uid))).toEqual([]);
    expect(await replicas.fated('revived')).toEqual(new Set());
    // What refers to nothing that lives, or to something that is gone.
    const wrong = await replicas.query(`
      SELECT r.pod_uid, r.workload_uid FROM pod_workloads r
        JOIN pods p ON p.uid = r.pod_uid JOIN workloads w ON w.uid = r.workload_uid
      WHERE r.removed_at IS NULL AND (r.pod_ended <> (p.ended_at IS NOT NULL) OR (p.ended_at IS NULL AND w.removed_at IS NOT NULL))
      UNION ALL SELECT NULL, w.uid FROM workloads w WHERE w.removed_at IS NULL AND NOT EXISTS (
        SELECT FROM pod_workloads r JOIN pods p ON p.uid = r.pod_uid
        WHERE r.workload_uid = w.uid AND r.removed_at IS NULL AND p.ended_at IS NULL)`);
    expect(wrong).toEqual([]);
  }
});
