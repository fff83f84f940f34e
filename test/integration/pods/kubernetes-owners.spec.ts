import { KubeConfig } from '@kubernetes/client-node';
import type { OwnerReference, WatchedPod } from '../../../src/pods/core/kubernetes/objects.js';
import { qualifiedKind } from '../../../src/pods/core/kubernetes/owner-chain.js';
import { readPod } from '../../../src/pods/core/kubernetes/read-objects.js';
import { resolveOwners } from '../../../src/pods/core/kubernetes/resolve-owners.js';
import { KubernetesApi } from '../../../src/pods/kubernetes/client/kubernetes-api.js';
import { OwnerCache } from '../../../src/pods/kubernetes/owners/owner-cache.js';
import { ManualClock } from '../../fakes/manual-clock.js';
import { ownerChainFixtures } from '../../fixtures/owner-chains/owner-chains.js';
import type { OwnerChainFixture, RawObject } from '../../fixtures/owner-chains/raw-object.js';
import { deploymentChain, jobChain, ownedPods } from '../../support/kubernetes/chains.js';
import { DEPLOYMENT, JOB, JOB_SET, type Kind, REPLICA_SET } from '../../support/kubernetes/kinds.js';
import type { KubernetesObject } from '../../support/kubernetes/object.js';
import { object } from '../../support/kubernetes/objects.js';
import { KubernetesStandIn, type StandInOptions } from '../../support/kubernetes/stand-in.js';

const RULES = { platformLabels: ['primus-safe.workload.id'] };
const never = new AbortController().signal;

let standIn: KubernetesStandIn;
let api: KubernetesApi;

afterEach(async () => {
  await api.close();
  await standIn.stop();
});

async function setUp(options: StandInOptions = {}) {
  standIn = await KubernetesStandIn.start(options);
  const config = new KubeConfig();
  config.loadFromString(standIn.kubeconfig());
  api = new KubernetesApi(config, { requestTimeout: 1_000 });
  const clock = new ManualClock(1_000_000);
  const readable: string[] = [];
  const cache = new OwnerCache({
    source: api,
    clock,
    logger: { log: () => undefined, warn: () => undefined },
    podByUid: () => undefined,
    ...RULES,
    ...{ requests: 8, pageSize: 50, retryInterval: 300_000, isScoped: false },
    onReadable: (kind) => readable.push(kind),
  });
  return { cache, clock, readable };
}

/** Resolves pods as the watch does: looks up, fetches what is missing, goes on. */
async function chainsOf(cache: OwnerCache, pods: readonly WatchedPod[]) {
  const lookUp = (ref: OwnerReference, namespace: string) => cache.lookUp(ref, namespace);
  for (let round = 0; round < 10; round += 1) {
    const pending = pods.flatMap((pod) => resolveOwners(pod, lookUp, RULES).pending);
    if (pending.length === 0) break;
    await cache.fetch(pending, never);
  }
  return pods.map((pod) => resolveOwners(pod, lookUp, RULES));
}

const podOf = (raw: unknown): WatchedPod => readPod(raw, RULES.platformLabels)!;
const uidsOf = (objects: readonly KubernetesObject[]) => objects.map(({ metadata }) => metadata.uid!).toReversed();

/** Kinds of a fixture as the API server serves them; Nodes and the like are cluster-scoped. */
function kindOf({ apiVersion, kind, metadata }: RawObject): Kind {
  const [group, version] = apiVersion.includes('/') ? (apiVersion.split('/') as [string, string]) : ['', apiVersion];
  return { group, version, kind, plural: `${kind.toLowerCase()}s`, namespaced: metadata.namespace !== undefined };
}

describe('owners of pods in a cluster', () => {
  const cases = ownerChainFixtures.map((fixture) => [fixture.system, fixture] as const);

  it.each(cases)('%s', async (_, fixture: OwnerChainFixture) => {
    const { cache } = await setUp();
    for (const raw of fixture.objects) standIn.defineKind(kindOf(raw));
    standIn.apply(...fixture.objects.map((raw) => structuredClone(raw) as unknown as KubernetesObject));
    for (const { group, kind, plural } of fixture.objects.map(kindOf)) {
      if (fixture.unreadable?.includes(qualifiedKind(kind, group))) standIn.forbid({ group, resource: plural });
    }
    const chains = await chainsOf(
      cache,
      fixture.pods.map(({ pod }) => podOf(pod)),
    );
    for (const [index, expected] of fixture.pods.entries()) {
      const { workloads } = chains[index]!;
      expect(workloads.map(({ kind, apiGroup, name }) => `${qualifiedKind(kind, apiGroup)}/${name}`)).toEqual(
        expected.workloads,
      );
      if (expected.rootUid !== undefined) expect(workloads.at(-1)?.uid).toBe(expected.rootUid);
    }
  });

  it('reads thousands of owners by list, and metadata alone', async () => {
    const { cache } = await setUp();
    const chains = Array.from({ length: 300 }, (_, index) => deploymentChain(`app-${index}`));
    standIn.apply(...chains.flatMap(({ owners }) => owners));
    const resolved = await chainsOf(
      cache,
      chains.map(({ pods }) => podOf(pods[0])),
    );
    expect(resolved.map(({ workloads }) => workloads.map(({ uid }) => uid))).toEqual(
      chains.map(({ owners }) => [owners[0]!.metadata.uid]),
    );
    expect(standIn.requests('list', 'replicasets.apps')).toBe(6);
    expect(standIn.requests('list', 'deployments.apps')).toBe(6);
    expect(standIn.requests('get', 'replicasets.apps')).toBe(0);
    expect(standIn.traffic.seen.every(({ partial }) => partial)).toBe(true);
  });

  it('goes on where a right is missing as soon as it is given', async () => {
    const { cache, clock, readable } = await setUp({ kinds: [JOB_SET] });
    standIn.forbid({ group: 'jobset.x-k8s.io', resource: 'jobsets' });
    const above = object(JOB_SET, 'set', { owner: object(DEPLOYMENT, 'odd') });
    const chain = jobChain('set-0', { above });
    standIn.apply(above, ...chain.owners);
    const pods = [podOf(chain.pods[0])];
    expect(await chainsOf(cache, pods)).toMatchObject([{ end: 'unreadable', ownersKnown: true }]);
    for (let again = 0; again < 5; again += 1) await chainsOf(cache, pods);
    expect(standIn.requests('get', 'jobsets.jobset.x-k8s.io')).toBe(1);
    expect(cache.kinds()).toMatchObject([
      { kind: 'Job.batch', state: 'readable', objects: 1 },
      { kind: 'JobSet.jobset.x-k8s.io', state: 'forbidden', objects: 0 },
    ]);

    standIn.allow({ group: 'jobset.x-k8s.io', resource: 'jobsets' });
    clock.advance(300_000);
    await cache.retryDue(never);
    expect(readable).toEqual(['JobSet.jobset.x-k8s.io']);
    expect(await chainsOf(cache, pods)).toMatchObject([{ end: 'gone', workloads: [{}, {}, { kind: 'Deployment' }] }]);
  });

  it('finds a kind that is defined later', async () => {
    const { cache, clock } = await setUp();
    const chain = ownedPods(JOB_SET, 'late');
    const pods = [podOf(chain.pods[0])];
    expect(await chainsOf(cache, pods)).toMatchObject([{ end: 'unreadable' }]);
    expect(cache.kinds()).toMatchObject([{ kind: 'JobSet.jobset.x-k8s.io', state: 'unknown_kind' }]);
    standIn.defineKind(JOB_SET);
    standIn.apply(...chain.owners);
    clock.advance(300_000);
    await cache.retryDue(never);
    expect(await chainsOf(cache, pods)).toMatchObject([{ end: 'root', workloads: [{ uid: uidsOf(chain.owners)[0] }] }]);
  });

  it('is not held up by a kind that hangs, and honours Retry-After', async () => {
    const { cache, clock } = await setUp();
    const jobs = Array.from({ length: 20 }, (_, index) => jobChain(`job-${index}`));
    const apps = Array.from({ length: 20 }, (_, index) => ownedPods(REPLICA_SET, `set-${index}`));
    standIn.apply(...[...jobs, ...apps].flatMap(({ owners }) => owners));
    const endOfHanging = standIn.hang({ path: /\/jobs\// });
    const owners = [...jobs, ...apps].map(({ pods }) => {
      const pod = podOf(pods[0]);
      return { ref: pod.ownerReferences[0]!, namespace: pod.namespace };
    });
    const fetched = cache.fetch(owners, never);
    const sets = owners.slice(20);
    while (sets.some(({ ref, namespace }) => cache.lookUp(ref, namespace).state === 'pending')) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(cache.kinds()).toMatchObject([{ kind: 'Job.batch', state: 'readable' }, { objects: 20 }]);
    await fetched;
    expect(cache.kinds()).toMatchObject([{ kind: 'Job.batch', state: 'failing', objects: 0 }, {}]);
    expect(standIn.requests('get', 'jobs.batch')).toBeLessThanOrEqual(4);

    endOfHanging();
    clock.advance(60_000);
    standIn.fail({ path: /\/jobs\//, status: 429, retryAfter: 90, times: 1 });
    await cache.retryDue(never);
    expect(cache.nextAttemptAt()).toBe(clock.now() + 90_000);
    clock.advance(90_000);
    await cache.fetch(owners, never);
    expect(cache.kinds()).toMatchObject([{ kind: 'Job.batch', state: 'readable', objects: 20 }, {}]);
    expect(JOB.plural).toBe('jobs');
  });
});
