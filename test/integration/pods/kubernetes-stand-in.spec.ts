import { ApiException, CoreV1Api, KubeConfig, type V1PodList, type V1Status, Watch } from '@kubernetes/client-node';
import { deploymentChain, pyTorchJobChain } from '../../support/kubernetes/chains.js';
import { POD, PYTORCH_JOB, VOLCANO_JOB } from '../../support/kubernetes/kinds.js';
import type { KubernetesObject } from '../../support/kubernetes/object.js';
import { node, object, pod } from '../../support/kubernetes/objects.js';
import { seedCluster } from '../../support/kubernetes/seed.js';
import { ServedStandIn } from '../../support/kubernetes/served-stand-in.js';
import { KubernetesStandIn, type StandInOptions } from '../../support/kubernetes/stand-in.js';
import { RecordedWatch } from './recorded-watch.js';

const PARTIAL = { headers: { accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1' } };

let standIn: KubernetesStandIn;

async function started(options: StandInOptions = {}): Promise<CoreV1Api> {
  standIn = await KubernetesStandIn.start(options);
  return configOf(standIn.kubeconfig()).makeApiClient(CoreV1Api);
}

function configOf(text: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromString(text);
  return config;
}

async function watched(query: Record<string, unknown> = {}, path = '/api/v1/pods'): Promise<RecordedWatch> {
  return RecordedWatch.open(new Watch(configOf(standIn.kubeconfig())), path, query);
}

async function failure(request: Promise<unknown>): Promise<{ status: number; body: V1Status; headers: object }> {
  const error = await request.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApiException)) throw new Error('The request did not fail', { cause: error });
  const body: unknown = typeof error.body === 'string' ? JSON.parse(error.body) : error.body;
  return { status: error.code, body: body as V1Status, headers: error.headers };
}

const names = (list: V1PodList) => list.items.map(({ metadata }) => `${metadata?.namespace}/${metadata?.name}`);
const json = async <T>(path: string, init?: RequestInit) => (await (await fetch(standIn.url + path, init)).json()) as T;
const latest = () => standIn.store.version;

afterEach(async () => {
  await standIn.stop();
});

describe('lists', () => {
  it('come in the order of namespaces and names, of the cluster or of one namespace', async () => {
    const api = await started();
    standIn.apply(pod('b', { namespace: 'x' }), pod('a', { namespace: 'y' }), pod('a', { namespace: 'x' }));
    const all = await api.listPodForAllNamespaces();
    expect(names(all)).toEqual(['x/a', 'x/b', 'y/a']);
    expect(all.metadata?.resourceVersion).toBe(String(latest()));
    expect(names(await api.listNamespacedPod({ namespace: 'x' }))).toEqual(['x/a', 'x/b']);
  });

  it('go on page by page at the version of the first page', async () => {
    const api = await started();
    for (let index = 0; index < 5; index += 1) standIn.apply(pod(`pod-${index}`));
    const first = await api.listPodForAllNamespaces({ limit: 2 });
    standIn.delete(pod('pod-3'));
    standIn.apply(pod('pod-9'), pod('pod-4', { phase: 'Failed' }));
    const second = await api.listPodForAllNamespaces({ limit: 2, _continue: first.metadata?._continue });
    const third = await api.listPodForAllNamespaces({ limit: 2, _continue: second.metadata?._continue });
    expect([first, second, third].map((page) => page.metadata?.remainingItemCount)).toEqual([3, 1, undefined]);
    expect([first, second, third].flatMap(names).join()).toMatch(/^(default\/pod-[0-4],?){5}$/);
    expect(third.items[0]?.status?.phase).toBe('Running');
    expect(new Set([first, second, third].map((page) => page.metadata?.resourceVersion)).size).toBe(1);
    expect(third.metadata?._continue).toBeUndefined();
  });

  it('cannot go on after a compaction, but offer the rest as it is now', async () => {
    const api = await started();
    standIn.apply(pod('a'), pod('b'), pod('c'));
    const first = await api.listPodForAllNamespaces({ limit: 1 });
    standIn.compact();
    const { status, body } = await failure(api.listPodForAllNamespaces({ _continue: first.metadata?._continue }));
    expect([status, body.reason, body.code]).toEqual([410, 'Expired', 410]);
    // Failures come as they were sent, not in the client's spelling.
    const { continue: token } = body.metadata as { continue?: string };
    const rest = await api.listPodForAllNamespaces({ _continue: token });
    expect(names(rest)).toEqual(['default/b', 'default/c']);
  });

  it('know exact versions, versions not older than one, and refuse versions to come', async () => {
    const api = await started();
    standIn.apply(pod('a'));
    const resourceVersion = String(latest());
    standIn.apply(pod('b'));
    const exact = await api.listPodForAllNamespaces({ resourceVersion, resourceVersionMatch: 'Exact' });
    const newer = await api.listPodForAllNamespaces({ resourceVersion, resourceVersionMatch: 'NotOlderThan' });
    const cached = await api.listPodForAllNamespaces({ resourceVersion: '0', limit: 1 });
    expect([exact, newer, cached].map((list) => list.items.length)).toEqual([1, 2, 2]);
    const { status, body } = await failure(api.listPodForAllNamespaces({ resourceVersion: String(latest() + 9) }));
    expect([status, body.details?.causes?.[0]?.reason]).toEqual([504, 'ResourceVersionTooLarge']);
  });

  it('know field selectors', async () => {
    const api = await started();
    standIn.apply(pod('a', { node: 'n1' }), pod('b', { node: 'n2' }), pod('c', { node: 'n1', phase: 'Failed' }));
    const select = async (fieldSelector: string) => names(await api.listPodForAllNamespaces({ fieldSelector }));
    expect(await select('spec.nodeName=n1')).toEqual(['default/a', 'default/c']);
    expect(await select('spec.nodeName=n1,status.phase!=Failed')).toEqual(['default/a']);
    expect(await select('metadata.name=b')).toEqual(['default/b']);
  });

  it('give metadata alone to clients that ask for it', async () => {
    await started({ kinds: [PYTORCH_JOB] });
    standIn.apply(...pyTorchJobChain('llama', { namespace: 'x', pods: 2 }).all);
    const list = await json<{ kind: string; items: KubernetesObject[] }>('/apis/kubeflow.org/v1/pytorchjobs', PARTIAL);
    expect(list.kind).toBe('PartialObjectMetadataList');
    expect(Object.keys(list.items[0]!)).toEqual(['kind', 'apiVersion', 'metadata']);
    const one = await json<KubernetesObject>('/apis/kubeflow.org/v1/namespaces/x/pytorchjobs/llama', PARTIAL);
    expect([one.kind, one.metadata.name]).toEqual(['PartialObjectMetadata', 'llama']);
  });
});

describe('discovery', () => {
  it('names groups, versions and resources, also those defined later', async () => {
    await started();
    expect((await fetch(`${standIn.url}/apis/batch.volcano.sh/v1alpha1`)).status).toBe(404);
    standIn.defineKind(VOLCANO_JOB);
    const list = await json<{ resources: { name: string; kind: string }[] }>('/apis/batch.volcano.sh/v1alpha1');
    expect(list.resources.map(({ name }) => name)).toEqual(['jobs', 'jobs/status']);
    const { groups } = await json<{ groups: { name: string }[] }>('/apis');
    expect(groups.map(({ name }) => name)).toEqual(['apps', 'batch', 'batch.volcano.sh']);
  });
});

describe('watches', () => {
  it('deliver every change after a version, with the objects of a chain in their order', async () => {
    const api = await started();
    const { metadata } = await api.listPodForAllNamespaces();
    const chain = deploymentChain('web', { namespace: 'x', pods: 2 });
    standIn.apply(...chain.all);
    const watch = await watched({ resourceVersion: metadata?.resourceVersion });
    standIn.modify(chain.pods[0]!, ({ metadata: changed }) => (changed.labels = { changed: 'yes' }));
    standIn.delete(chain.pods[1]!);
    const [first, second] = chain.pods.map((made) => made.metadata.name);
    const events = await watch.until(4);
    expect(events.map(({ type, name }) => `${type} ${name}`)).toEqual([
      `ADDED ${first}`,
      `ADDED ${second}`,
      `MODIFIED ${first}`,
      `DELETED ${second}`,
    ]);
    expect(events.at(-1)?.version).toBe(latest());
    expect(events[0]?.object.metadata.ownerReferences?.[0]).toMatchObject({ kind: 'ReplicaSet', controller: true });
  });

  it('start with what is there when they name no version, and show objects that enter or leave a selection', async () => {
    await started();
    standIn.apply(pod('a', { node: null }), pod('b', { node: 'n1' }));
    const watch = await watched({ fieldSelector: 'spec.nodeName=n1' });
    await watch.until(1);
    standIn.modify(pod('a'), ({ spec }) => ((spec as { nodeName?: string }).nodeName = 'n1'));
    standIn.modify(pod('b'), ({ spec }) => ((spec as { nodeName?: string }).nodeName = 'n2'));
    const events = await watch.until(3);
    expect(events.map(({ type, name }) => `${type} ${name}`)).toEqual(['ADDED b', 'ADDED a', 'DELETED b']);
  });

  it('carry metadata alone when asked', async () => {
    await started();
    standIn.apply(pod('a'));
    const response = await fetch(`${standIn.url}/api/v1/pods?watch=1&timeoutSeconds=1`, PARTIAL);
    const { object: sent } = JSON.parse(await response.text()) as { object: KubernetesObject };
    expect([sent.kind, sent.metadata.name, sent['spec']]).toEqual(['PartialObjectMetadata', 'a', undefined]);
  });

  it('bring bookmarks to clients that ask for them', async () => {
    await started();
    const watch = await watched({ resourceVersion: latest(), allowWatchBookmarks: true });
    standIn.apply(node('n1'));
    standIn.bookmark('pods');
    const [bookmark] = await watch.until(1);
    expect([bookmark?.type, bookmark?.version]).toEqual(['BOOKMARK', latest()]);
  });

  it('stream the initial state with a bookmark at its end', async () => {
    await started();
    standIn.apply(pod('a'));
    const query = { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan', allowWatchBookmarks: true };
    const watch = await watched(query);
    const events = await watch.until(2);
    expect(events.map(({ type }) => type)).toEqual(['ADDED', 'BOOKMARK']);
    expect(events[1]?.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
  });

  it('are told by an event that their version is forgotten', async () => {
    await started();
    const resourceVersion = latest();
    standIn.compact();
    const watch = await watched({ resourceVersion });
    const [event] = await watch.until(1);
    expect([event?.type, event?.object['code'], event?.object['reason']]).toEqual(['ERROR', 410, 'Expired']);
    expect(await watch.ended).toBeNull();
  });

  it('are refused with 410 where the server answers so', async () => {
    await started();
    const resourceVersion = latest();
    standIn.compact({ gone: 'answer' });
    const watch = await watched({ resourceVersion });
    expect(await watch.ended).toMatchObject({ statusCode: 410 });
  });

  it('forget the oldest events beyond the limit of the history', async () => {
    await started({ historyLimit: 10 });
    const resourceVersion = latest();
    for (let index = 0; index < 20; index += 1) standIn.apply(pod('a'));
    const [event] = await (await watched({ resourceVersion })).until(1);
    expect(event?.type).toBe('ERROR');
  });

  it('end cleanly at their timeout', async () => {
    await started();
    const watch = await watched({ resourceVersion: latest(), timeoutSeconds: 1 });
    await standIn.untilWatched('pods');
    expect(await watch.ended).toBeNull();
    await standIn.untilWatched('pods', 0);
  });

  it('break in the middle of a line', async () => {
    await started();
    const watch = await watched({ resourceVersion: latest() });
    await standIn.untilWatched('pods');
    standIn.apply(pod('a'));
    await watch.until(1);
    standIn.cutWatches({ resource: 'pods', afterBytes: 30 });
    expect(standIn.watches('pods')).toBe(1);
    standIn.apply(pod('b'));
    expect(standIn.watches('pods')).toBe(0);
    expect(await watch.ended).toBeInstanceOf(Error);
    expect(watch.events.map(({ name }) => name)).toEqual(['a']);
  });

  it('come in pieces of any size', async () => {
    await started();
    standIn.setChunking(7);
    standIn.apply(pod('ä-ö'));
    const [event] = await (await watched()).until(1);
    expect(event?.name).toBe('ä-ö');
  });

  it('bring nothing while they are frozen', async () => {
    await started();
    const watch = await watched({ resourceVersion: latest() });
    await standIn.untilWatched('pods');
    standIn.freezeWatches();
    standIn.apply(pod('a'));
    await fetch(`${standIn.url}/version`);
    expect(watch.events).toEqual([]);
    standIn.thawWatches();
    expect((await watch.until(1))[0]?.name).toBe('a');
  });
});

describe('faults', () => {
  it('answer so many requests with a status', async () => {
    const api = await started();
    standIn.fail({ path: /\/pods/, status: 429, times: 1, retryAfter: 3 });
    const { status, body, headers } = await failure(api.listPodForAllNamespaces());
    expect([status, body.reason, headers]).toMatchObject([429, 'TooManyRequests', { 'retry-after': '3' }]);
    expect((await api.listPodForAllNamespaces()).items).toEqual([]);
    expect(standIn.requests('list', 'pods')).toBe(2);
  });

  it('forbid a resource until it is allowed again', async () => {
    const api = await started();
    standIn.forbid({ group: '', resource: 'nodes' });
    const { status, body } = await failure(api.listNode());
    expect([status, body.message]).toEqual([403, expect.stringContaining('cannot list resource "nodes"')]);
    standIn.allow({ group: '', resource: 'nodes' });
    expect((await api.listNode()).items).toEqual([]);
  });

  it('tear an answer, and leave one without an end', async () => {
    const api = await started();
    standIn.apply(pod('a'));
    standIn.cutAnswers({ path: /pods/, afterBytes: 100, times: 1 });
    await expect(api.listPodForAllNamespaces()).rejects.toThrow();
    standIn.hang({ path: /pods/, times: 1 });
    const hanging = expect(api.listPodForAllNamespaces()).rejects.toThrow();
    await standIn.untilRequested('list', 'pods', 2);
    await standIn.stop();
    await hanging;
  });

  it('survive a restart on the same port, with or without history', async () => {
    const api = await started();
    standIn.apply(pod('a'));
    const before = await watched({ resourceVersion: latest() });
    await standIn.untilWatched('pods');
    const resourceVersion = latest();
    await standIn.stop();
    expect(await before.ended).toBeInstanceOf(Error);
    await standIn.start();
    standIn.apply(pod('b'));
    expect((await (await watched({ resourceVersion })).until(1))[0]?.name).toBe('b');
    await standIn.stop();
    await standIn.start({ loseHistory: true });
    expect((await (await watched({ resourceVersion })).until(1))[0]?.type).toBe('ERROR');
    expect(names(await api.listPodForAllNamespaces())).toEqual(['default/a', 'default/b']);
  });

  it('want the token, over HTTPS, that the kubeconfig has', async () => {
    const api = await started({ tls: true, token: 'secret' });
    standIn.apply(pod('a'));
    expect(names(await api.listPodForAllNamespaces())).toEqual(['default/a']);
    const watch = await watched();
    await watch.until(1);
    standIn.cutWatches();
    expect(await watch.ended).toBeInstanceOf(Error);
    standIn.setToken('another');
    expect((await failure(api.listPodForAllNamespaces())).status).toBe(401);
  });
});

describe('a seeded cluster', () => {
  it('is of realistic size, its pods owned down from their workloads', async () => {
    const api = await started();
    const cluster = seedCluster(standIn, { nodes: 10, pods: 300 });
    const list = await api.listPodForAllNamespaces({ limit: 100 });
    expect([cluster.pods, list.metadata?.remainingItemCount, standIn.store.size(POD)]).toEqual([300, 200, 300]);
    const text = await (await fetch(`${standIn.url}/api/v1/pods`)).text();
    expect(text.length / 300).toBeGreaterThan(4_000);
    expect(text.length / 300).toBeLessThan(9_000);
    for (const { metadata } of list.items) {
      const [owner] = metadata?.ownerReferences ?? [];
      const { apiVersion, kind, name } = owner!;
      const found = standIn.get({ apiVersion, kind, metadata: { name, namespace: metadata?.namespace } });
      expect(found?.metadata.uid).toBe(owner?.uid);
    }
  });

  it('changes as asked', async () => {
    await started();
    const cluster = seedCluster(standIn, { nodes: 2, pods: 50 });
    const watch = await watched({ resourceVersion: latest() });
    cluster.change(10);
    const types = (await watch.until(10)).map(({ type }) => type);
    expect(types.filter((type) => type === 'MODIFIED').length).toBe(6);
    expect(cluster.pods).toBe(50);
    const stop = cluster.churn(6_000);
    await watch.until(20);
    stop();
  });

  it('is served by a process of its own', async () => {
    await started();
    const served = await ServedStandIn.start('--nodes', '2', '--pods', '20', '--token', 'secret');
    try {
      const api = configOf(served.kubeconfig).makeApiClient(CoreV1Api);
      expect((await api.listPodForAllNamespaces()).items.length).toBe(20);
      await served.command('apply', [pod('extra'), object(PYTORCH_JOB, 'by-hand')]);
      await served.command('fail', { path: '/nodes', status: 503, times: 1 });
      expect((await failure(api.listNode())).status).toBe(503);
      expect((await api.listPodForAllNamespaces()).items.length).toBe(21);
      expect(await served.command('requests')).toEqual({ 'list pods': 2, 'list nodes': 1 });
    } finally {
      await served.end();
    }
  });
});
