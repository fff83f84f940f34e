import { jest } from '@jest/globals';
import { deploymentChain, pyTorchJobChain } from '../../support/kubernetes/chains.js';
import { PYTORCH_JOB } from '../../support/kubernetes/kinds.js';
import { node, pod } from '../../support/kubernetes/objects.js';
import { eventually } from '../../support/eventually.js';
import { KubernetesStandIn } from '../../support/kubernetes/stand-in.js';
import { WatchedCluster } from './watched-cluster.js';

const CACHES_WITHIN = 2_000;

// Pauses after errors are part of what is tested.
jest.setTimeout(40_000);

describe('the watch of a cluster', () => {
  let cluster: WatchedCluster;

  beforeEach(async () => {
    cluster = await WatchedCluster.start({ kinds: [PYTORCH_JOB] });
  });

  afterEach(() => cluster.stop());

  const cached = (name: string) =>
    eventually(async () => {
      const workloads = (await cluster.app.podWorkloads()) as Record<string, [string, string][]>;
      return workloads[name];
    }, CACHES_WITHIN);

  it('brings what there is and what changes into the caches', async () => {
    const training = pyTorchJobChain('llama', { namespace: 'ml', pods: 2 });
    cluster.api.apply(node('gpu-1', { ips: ['10.0.0.1'] }), ...training.all);
    await cluster.untilSynced();
    const [first] = training.pods;
    expect(await cluster.chain(first?.metadata.uid ?? '')).toEqual(['PYTORCHJOB llama']);
    const serving = deploymentChain('web', { namespace: 'ml', pods: 1 });
    cluster.api.apply(...serving.all);
    const [web] = serving.pods;
    expect((await cached(web?.metadata.name ?? '')).map(([name]) => name)).toEqual(['web']);
    expect(cluster.app.cache.view().sizes()).toMatchObject({ nodes: 1, pods: 3, workloads: 2 });
  });

  it('ends pods that complete or are deleted, and what is missing in the next full list', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => pod(name, { namespace: 'ml', uid: name }));
    if (a === undefined || b === undefined || c === undefined) throw new Error('three pods');
    cluster.api.apply(a, b, c);
    for (const uid of ['a', 'b', 'c']) await cluster.untilPod(uid, ({ ended_at }) => ended_at === null);
    cluster.api.apply(
      pod('a', { namespace: 'ml', uid: 'a', phase: 'Succeeded', finishedAt: Date.UTC(2026, 10, 1, 8) }),
    );
    expect(await cluster.untilPod('a', ({ ended_at }) => ended_at !== null)).toMatchObject({
      ended_at: '2026-11-01T08:00:00.000Z',
    });
    cluster.api.delete(b);
    await cluster.untilPod('b', ({ ended_at }) => ended_at !== null);
    await cluster.api.stop();
    cluster.api.delete(c);
    cluster.api.compact();
    await cluster.api.start({ loseHistory: true });
    await cluster.untilPod('c', ({ ended_at }) => ended_at !== null);
  });

  it('shows on the sync page what may not be read, and reads it once that is allowed', async () => {
    await cluster.stop();
    const training = pyTorchJobChain('llama', { namespace: 'ml', pods: 1 });
    cluster = await WatchedCluster.start({ kinds: [PYTORCH_JOB] }, { KUBERNETES_OWNER_RETRY_INTERVAL: '1s' });
    cluster.api.forbid({ group: '', resource: 'nodes' });
    cluster.api.forbid({ group: 'kubeflow.org', resource: 'pytorchjobs' });
    cluster.api.apply(node('gpu-1'), ...training.all);
    const uid = training.pods[0]?.metadata.uid ?? '';
    expect(await cluster.chain(uid)).toEqual(['PYTORCHJOB llama']);
    const owners = () => eventually(async () => ((await cluster.sync())['owners'] as { state: string }[])[0]);
    expect(await owners()).toMatchObject({ kind: 'PyTorchJob.kubeflow.org', state: 'forbidden' });
    cluster.api.allow({ group: 'kubeflow.org', resource: 'pytorchjobs' });
    cluster.api.allow({ group: '', resource: 'nodes' });
    await eventually(async () => (await owners()).state === 'readable', 15_000);
    await cluster.untilSynced();
    expect(cluster.app.cache.view().sizes()).toMatchObject({ nodes: 1 });
  });

  it('finds the workloads of pods that had completed before it began', async () => {
    await cluster.stop();
    const api = await KubernetesStandIn.start({ kinds: [PYTORCH_JOB] });
    const done = pyTorchJobChain('done', { namespace: 'ml', pods: 1, phase: 'Succeeded' });
    api.apply(...done.all);
    cluster = await WatchedCluster.around(api);
    expect(await cluster.chain(done.pods[0]?.metadata.uid ?? '')).toEqual(['PYTORCHJOB done']);
  });

  it('goes on after a restart of the service where the cluster has moved to', async () => {
    cluster.api.apply(pod('a', { namespace: 'ml', uid: 'a' }));
    await cluster.untilPod('a', () => true);
    const { term } = await cluster.sync();
    await cluster.restart();
    cluster.api.apply(pod('b', { namespace: 'ml', uid: 'b' }));
    await cluster.untilPod('b', () => true);
    expect((await cluster.sync())['term']).toBe(Number(term) + 1);
  });
});

it('watches only the namespaces that are configured', async () => {
  const cluster = await WatchedCluster.start({}, { KUBERNETES_NAMESPACES: 'ml,dev' });
  try {
    cluster.api.apply(...['ml', 'dev', 'other'].map((namespace) => pod('a', { namespace, uid: namespace })));
    await cluster.untilSynced();
    await cluster.untilPod('ml', () => true);
    await cluster.untilPod('dev', () => true);
    expect(await cluster.pod('other')).toBeUndefined();
  } finally {
    await cluster.stop();
  }
});
