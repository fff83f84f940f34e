import { ManualClock } from '../../../../test/fakes/manual-clock.js';
import type { ObjectMeta, OwnerReference } from '../../core/kubernetes/objects.js';
import { apiGroupOf, type PendingOwner } from '../../core/kubernetes/owner-chain.js';
import type { DiscoveredResource, ListPage, ListRequest } from '../client/kubernetes-api.js';
import { KubernetesError } from '../client/kubernetes-error.js';
import type { ResourcePath } from '../client/resource-path.js';
import { OwnerCache, type OwnerCacheOptions } from './owner-cache.js';
import type { OwnerSource } from './owner-source.js';

const RETRY_INTERVAL = 300_000;
const PAGE_SIZE = 50;
const never = new AbortController().signal;

interface FakeObject {
  readonly plural: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  labels?: Record<string, string>;
}

/** Answers from a list of objects; `failing` and `hanging` are tested on `<verb> <plural>` and `<verb> <plural>/<name>`. */
class FakeSource implements OwnerSource {
  readonly asked: string[] = [];
  readonly served = new Map<string, DiscoveredResource[]>();
  objects: FakeObject[] = [];
  failure: ((request: string) => KubernetesError | undefined) | undefined;
  running = 0;
  mostRunning = 0;

  serve(apiVersion: string, kind: string, namespaced = true): void {
    const plural = `${kind.toLowerCase()}s`;
    this.served.set(apiVersion, [...(this.served.get(apiVersion) ?? []), { kind, plural, namespaced }]);
  }

  has(kind: string, name: string, namespace = 'ns', uid = `uid-${name}`): OwnerReference {
    this.objects.push({ plural: `${kind.toLowerCase()}s`, namespace, name, uid });
    return reference(kind, name, uid);
  }

  count(start: string): number {
    return this.asked.filter((request) => request.startsWith(start)).length;
  }

  async discover(group: string, version: string): Promise<readonly DiscoveredResource[]> {
    const apiVersion = group === '' ? version : `${group}/${version}`;
    await this.request(`discover ${apiVersion}`);
    const served = this.served.get(apiVersion);
    if (served === undefined) throw new KubernetesError('404 page not found', { status: 404, reason: '' });
    return served;
  }

  async getMetadata({ plural }: ResourcePath, namespace: string, name: string): Promise<unknown> {
    await this.request(`get ${plural}/${name}`);
    const found = this.objects.find(
      (object) => object.plural === plural && object.namespace === namespace && object.name === name,
    );
    if (found === undefined) throw new KubernetesError(`${name} not found`, { status: 404, reason: 'NotFound' });
    return { metadata: found };
  }

  async list({ plural }: ResourcePath, { namespace, limit, continue: from = '0' }: ListRequest): Promise<ListPage> {
    await this.request(`list ${plural}${namespace ? `/${namespace}` : ''}`);
    const all = this.objects.filter((item) => item.plural === plural && (!namespace || item.namespace === namespace));
    const end = Number(from) + limit;
    const items = all.slice(Number(from), end).map((metadata) => ({ metadata }));
    return { items, resourceVersion: '1', continue: end < all.length ? String(end) : undefined };
  }

  private async request(what: string): Promise<void> {
    this.asked.push(what);
    this.running += 1;
    this.mostRunning = Math.max(this.mostRunning, this.running);
    await new Promise((resolve) => setImmediate(resolve));
    this.running -= 1;
    const failure = this.failure?.(what);
    if (failure !== undefined) throw failure;
  }
}

function reference(kind: string, name: string, uid = `uid-${name}`, apiVersion = 'batch/v1'): OwnerReference {
  return { apiVersion, kind, name, uid, controller: true };
}

function pending(ref: OwnerReference, namespace = 'ns'): PendingOwner {
  return { ref, namespace };
}

const forbidden = new KubernetesError('jobs is forbidden', { status: 403, reason: 'Forbidden' });

function setUp(options: Partial<OwnerCacheOptions> = {}) {
  const source = new FakeSource();
  const clock = new ManualClock(1_000_000);
  const told: string[] = [];
  const lines: string[] = [];
  const line = (_fields: unknown, message: unknown): void => void lines.push(String(message));
  const cache = new OwnerCache({
    source,
    clock,
    logger: { log: line, warn: line },
    podByUid: () => undefined,
    platformLabels: ['example.com/run'],
    requests: 4,
    pageSize: PAGE_SIZE,
    retryInterval: RETRY_INTERVAL,
    isScoped: false,
    onReadable: (kind) => told.push(`readable ${kind}`),
    onFetched: (uids) => told.push(`fetched ${uids.join(' ')}`),
    onChanged: (uids) => told.push(`changed ${uids.join(' ')}`),
    ...options,
  });
  source.serve('batch/v1', 'Job');
  source.serve('apps/v1', 'ReplicaSet');
  const state = (ref: OwnerReference, namespace = 'ns') => cache.lookUp(ref, namespace).state;
  return { source, clock, cache, told, lines, state };
}

function metaOf(name: string, owners: readonly OwnerReference[]): ObjectMeta {
  return { uid: `uid-${name}`, name, namespace: 'ns', labels: {}, ownerReferences: owners, createdAt: null };
}

describe('reading owners', () => {
  it('finds what is there, and remembers what is gone or has another UID', async () => {
    const { source, cache, state, told } = setUp();
    const here = source.has('Job', 'here');
    const recreated = { ...source.has('Job', 'recreated'), uid: 'uid-before' };
    const gone = reference('Job', 'gone');
    expect(state(here)).toBe('pending');
    await cache.fetch([pending(here), pending(recreated), pending(gone), pending(here)], never);
    expect([here, recreated, gone].map((ref) => state(ref))).toEqual(['found', 'gone', 'gone']);
    expect(source.asked).toEqual(['discover batch/v1', 'get jobs/here', 'get jobs/recreated', 'get jobs/gone']);
    expect(told).toEqual(['fetched uid-here uid-before uid-gone']);

    await cache.fetch([pending(here), pending(gone)], never);
    expect(source.asked).toHaveLength(4);
    expect(cache.kinds()).toMatchObject([{ kind: 'Job.batch', state: 'readable', objects: 1 }]);
  });

  it('is not misled by references that lie about what has a UID', async () => {
    const { source, cache, state } = setUp();
    const job = source.has('Job', 'job');
    source.serve('v1', 'ConfigMap');
    const lies = [{ ...job, name: 'other' }, reference('ConfigMap', 'job', job.uid, 'v1')];
    await cache.fetch([...lies.map((ref) => pending(ref)), pending(job, 'elsewhere')], never);
    expect(lies.map((ref) => state(ref))).toEqual(['gone', 'gone']);
    expect(state(job, 'elsewhere')).toBe('gone');
    expect(state(job)).toBe('pending');
    await cache.fetch([pending(job)], never);
    expect(state(job)).toBe('found');
  });

  it('asks for cluster-scoped owners without a namespace, and once', async () => {
    const { source, cache } = setUp();
    source.serve('example.com/v1', 'Tenancy', false);
    source.objects.push({ plural: 'tenancys', namespace: '', name: 't', uid: 'uid-t' });
    const ref = reference('Tenancy', 't', 'uid-t', 'example.com/v1');
    const gone = reference('Tenancy', 'old', 'uid-old', 'example.com/v1');
    await cache.fetch([pending(ref, 'a'), pending(ref, 'b'), pending(gone, 'a')], never);
    expect(cache.lookUp(ref, 'b')).toMatchObject({ state: 'found', meta: { namespace: '' } });
    expect(cache.lookUp(gone, 'a')).toEqual({ state: 'gone', isClusterScoped: true });
    expect(source.count('get')).toBe(2);
  });

  it('does not look for a namespaced owner of a cluster-scoped object', async () => {
    const { source, cache, state } = setUp();
    const ref = source.has('Job', 'job');
    await cache.fetch([pending(ref, '')], never);
    expect(state(ref, '')).toBe('gone');
    expect(source.count('get')).toBe(0);
  });

  it('takes pods from the watch before it asks for them', async () => {
    const leader = metaOf('leader', []);
    const { source, cache, state } = setUp({ podByUid: (uid) => (uid === leader.uid ? leader : undefined) });
    source.serve('v1', 'Pod');
    const known = reference('Pod', 'leader', leader.uid, 'v1');
    const unknown = reference('Pod', 'other', 'uid-other', 'v1');
    expect([known, unknown].map((ref) => state(ref))).toEqual(['found', 'pending']);
    await cache.fetch([pending(unknown)], never);
    expect(state(unknown)).toBe('gone');
  });

  it('keeps so many requests under way and no more, and asks for nothing twice at once', async () => {
    const { source, cache } = setUp({ requests: 2 });
    const owners = Array.from({ length: 30 }, (_, index) => pending(source.has('Job', `job-${index}`)));
    const sets = Array.from({ length: 30 }, (_, index) =>
      pending(reference('ReplicaSet', `set-${index}`, undefined, 'apps/v1')),
    );
    await Promise.all([cache.fetch(owners, never), cache.fetch([...owners, ...sets], never)]);
    expect(source.mostRunning).toBe(2);
    expect(source.asked).toHaveLength(62);
  });

  it('stops when it is told to, and leaves the rest pending', async () => {
    const { source, cache, state } = setUp({ requests: 1 });
    const owners = Array.from({ length: 10 }, (_, index) => source.has('Job', `job-${index}`));
    const stop = new AbortController();
    source.failure = (request) => {
      if (request === 'get jobs/job-3') stop.abort();
      return undefined;
    };
    await cache.fetch(
      owners.map((ref) => pending(ref)),
      stop.signal,
    );
    expect(owners.filter((ref) => state(ref) === 'pending')).toHaveLength(6);
    expect(cache.kinds()).toMatchObject([{ state: 'readable' }]);
  });
});

describe('reading many owners of a kind', () => {
  const many = (source: FakeSource, count: number) =>
    Array.from({ length: count }, (_, index) => source.has('Job', `job-${index}`));

  it('lists the kind, and keeps the wanted ones only', async () => {
    const { source, cache, state } = setUp();
    const wanted = many(source, 110);
    source.has('Job', 'unwanted');
    const gone = reference('Job', 'gone');
    await cache.fetch(
      [...wanted, gone].map((ref) => pending(ref)),
      never,
    );
    expect(source.count('list jobs')).toBe(3);
    expect(source.count('get')).toBe(0);
    expect(wanted.every((ref) => state(ref) === 'found')).toBe(true);
    expect(state(gone)).toBe('gone');
    expect(cache.kinds()).toMatchObject([{ objects: 110 }]);
  });

  it('gets the last few one by one when the list goes on and on', async () => {
    const { source, cache, state } = setUp();
    const wanted = many(source, 101);
    source.objects = [...source.objects.slice(0, 99), ...source.objects.slice(101)];
    for (let index = 0; index < 5_000; index += 1) source.has('Job', `unwanted-${index}`);
    await cache.fetch(
      wanted.map((ref) => pending(ref)),
      never,
    );
    expect(source.count('list jobs')).toBe(2);
    expect(source.count('get jobs')).toBe(2);
    expect(state(wanted[100]!)).toBe('gone');
  });

  it.each([
    ['refused', forbidden],
    ['not offered', new KubernetesError('no list', { status: 405, reason: 'MethodNotAllowed' })],
    ['too old to go on', new KubernetesError('expired', { status: 410, reason: 'Expired' })],
  ])('gets them one by one when lists are %s', async (_, failure) => {
    const { source, cache, state } = setUp();
    const wanted = many(source, 101);
    source.failure = (request) => (request.startsWith('list') ? failure : undefined);
    await cache.fetch(
      wanted.map((ref) => pending(ref)),
      never,
    );
    expect(source.count('list')).toBe(1);
    expect(wanted.every((ref) => state(ref) === 'found')).toBe(true);
    expect(cache.kinds()).toMatchObject([{ state: 'readable' }]);
  });

  it('lists single namespaces where only these may be read', async () => {
    const { source, cache } = setUp({ isScoped: true });
    const wanted = many(source, 120);
    await cache.fetch(
      wanted.map((ref) => pending(ref)),
      never,
    );
    expect(source.count('list jobs/ns')).toBe(3);
  });
});

describe('kinds that cannot be read', () => {
  it('leaves a forbidden kind alone until it is due, and tells once when it can be read', async () => {
    const { source, clock, cache, state, told, lines } = setUp();
    const jobs = Array.from({ length: 20 }, (_, index) => source.has('Job', `job-${index}`));
    source.failure = (request) => (request.startsWith('get') ? forbidden : undefined);
    await cache.fetch(
      jobs.map((ref) => pending(ref)),
      never,
    );
    expect(source.count('get')).toBeLessThanOrEqual(2);
    expect(jobs.every((ref) => state(ref) === 'unreadable')).toBe(true);
    expect(state(reference('Job', 'later'))).toBe('unreadable');
    expect(cache.kinds()).toEqual([
      { kind: 'Job.batch', state: 'forbidden', since: 1_000_000, lastError: 'jobs is forbidden', objects: 0 },
    ]);

    const asked = source.asked.length;
    await cache.retryDue(never);
    await cache.fetch([pending(jobs[0]!)], never);
    expect(source.asked).toHaveLength(asked);
    expect(cache.nextAttemptAt()).toBe(1_000_000 + RETRY_INTERVAL);

    clock.advance(RETRY_INTERVAL);
    await cache.retryDue(never);
    expect(state(jobs[19]!)).toBe('unreadable');
    expect(source.asked).toHaveLength(asked + 1);
    expect(lines).toHaveLength(1);

    source.failure = undefined;
    clock.advance(RETRY_INTERVAL);
    await cache.retryDue(never);
    expect(told.filter((line) => line.startsWith('readable'))).toEqual(['readable Job.batch']);
    expect(state(jobs[19]!)).toBe('pending');
    expect(lines).toEqual([
      'Owners of this kind may not be read; what is above them is unknown',
      'Owners of this kind can be read again',
    ]);
    expect(cache.nextAttemptAt()).toBeNull();
  });

  it('finds kinds that come to be served, and those of one group on their own', async () => {
    const { source, clock, cache, state, told } = setUp();
    source.serve('kubeflow.org/v2beta1', 'MPIJob');
    const v1 = reference('MPIJob', 'old', undefined, 'kubeflow.org/v1');
    const v2 = { ...source.has('MPIJob', 'new'), apiVersion: 'kubeflow.org/v2beta1' };
    const other = reference('PyTorchJob', 'bert', undefined, 'kubeflow.org/v2beta1');
    await cache.fetch([pending(v1), pending(v2), pending(other)], never);
    expect([v1, v2, other].map((ref) => state(ref))).toEqual(['unreadable', 'found', 'unreadable']);
    expect(cache.kinds()).toMatchObject([
      { kind: 'MPIJob.kubeflow.org', state: 'unknown_kind', objects: 1 },
      { kind: 'PyTorchJob.kubeflow.org', state: 'unknown_kind', objects: 0 },
    ]);

    source.serve('kubeflow.org/v2beta1', 'PyTorchJob');
    source.has('PyTorchJob', 'bert');
    clock.advance(RETRY_INTERVAL);
    await cache.retryDue(never);
    expect(told.at(-1)).toBe('readable PyTorchJob.kubeflow.org');
    expect(state(other)).toBe('found');
    expect(state(v1)).toBe('unreadable');
  });

  it.each([
    ['404 page not found', ''],
    ['the server could not find the requested resource', 'NotFound'],
  ])('takes a kind that is no longer served for unknown, not its objects for gone (%s)', async (message, reason) => {
    const { source, cache, state } = setUp();
    const [one, two] = [source.has('Job', 'one'), source.has('Job', 'two')];
    await cache.fetch([pending(one)], never);
    source.failure = (request) =>
      request.startsWith('get') ? new KubernetesError(message, { status: 404, reason }) : undefined;
    await cache.fetch([pending(two)], never);
    expect([one, two].map((ref) => state(ref))).toEqual(['found', 'unreadable']);
  });

  it('tries a failing kind later, no sooner than it is asked to, while others go on', async () => {
    const { source, clock, cache, state, lines } = setUp();
    const jobs = Array.from({ length: 50 }, (_, index) => source.has('Job', `job-${index}`));
    const set = { ...source.has('ReplicaSet', 'set'), apiVersion: 'apps/v1' };
    const overloaded = new KubernetesError('slow down', { status: 429, reason: '', retryAfter: 7_000 });
    source.failure = (request) => (request.startsWith('get jobs') ? overloaded : undefined);
    const all = [...jobs, set].map((ref) => pending(ref));
    await cache.fetch(all, never);
    expect(state(set)).toBe('found');
    expect(state(jobs[0]!)).toBe('pending');
    expect(source.count('get jobs')).toBeLessThanOrEqual(2);
    expect(cache.nextAttemptAt()).toBe(1_007_000);
    expect(cache.kinds()).toMatchObject([{ kind: 'Job.batch', state: 'failing', lastError: 'slow down' }, {}]);

    const asked = source.asked.length;
    clock.advance(6_999);
    await cache.fetch(all, never);
    expect(source.asked).toHaveLength(asked);
    source.failure = undefined;
    clock.advance(1);
    await cache.fetch(all, never);
    expect(jobs.every((ref) => state(ref) === 'found')).toBe(true);
    expect(lines).toHaveLength(2);
  });

  it('is not stopped by a few objects that always fail', async () => {
    const { source, clock, cache, state } = setUp({ requests: 1 });
    const jobs = Array.from({ length: 12 }, (_, index) => source.has('Job', `job-${index}`));
    const broken = new KubernetesError('conversion failed', { status: 500, reason: 'InternalError' });
    source.failure = (request) => (/job-[012345]$/.test(request) ? broken : undefined);
    for (let attempt = 0; attempt < 6; attempt += 1) {
      await cache.fetch(
        jobs.filter((ref) => state(ref) === 'pending').map((ref) => pending(ref)),
        never,
      );
      clock.advance(60_000);
    }
    expect(jobs.map((ref) => state(ref))).toEqual(jobs.map((_, index) => (index < 6 ? 'pending' : 'found')));
    expect(cache.kinds()).toMatchObject([{ state: 'failing' }]);
  });

  it('leaves the others of a scope readable when one namespace is not', async () => {
    const { source, cache, state } = setUp({ isScoped: true });
    const [allowed, refused] = [source.has('Job', 'allowed', 'a'), source.has('Job', 'refused', 'b')];
    source.failure = (request) => (request === 'get jobs/refused' ? forbidden : undefined);
    await cache.fetch([pending(allowed, 'a'), pending(refused, 'b')], never);
    expect([state(allowed, 'a'), state(refused, 'b'), state(reference('Job', 'x'), 'a')]).toEqual([
      'found',
      'unreadable',
      'pending',
    ]);
    expect(cache.kinds()).toMatchObject([{ kind: 'Job.batch', state: 'forbidden', objects: 1 }]);
  });
});

describe('owners over time', () => {
  it('drops what no pod leads to, and the kinds nobody needs', async () => {
    const { source, clock, cache, state } = setUp();
    const top = source.has('Job', 'top');
    const [kept, dropped] = [source.has('ReplicaSet', 'kept'), source.has('ReplicaSet', 'dropped')].map((ref) => ({
      ...ref,
      apiVersion: 'apps/v1',
    }));
    Object.assign(
      source.objects.find(({ name }) => name === 'kept')!,
      { ownerReferences: [top] },
    );
    await cache.fetch([pending(top), pending(kept!), pending(dropped!)], never);
    cache.lookUp(reference('Thing', 't', undefined, 'unheard.of/v1'), 'ns');
    clock.advance(60_000);
    cache.retain([metaOf('pod', [kept!])], clock.now() - 60_001);
    expect(cache.kinds().map(({ kind, objects }) => [kind, objects])).toEqual([
      ['Job.batch', 1],
      ['ReplicaSet.apps', 2],
    ]);
    cache.retain([metaOf('pod', [kept!])], clock.now());
    expect([top, kept!, dropped!].map((ref) => state(ref))).toEqual(['found', 'found', 'pending']);
    cache.retain([], clock.now() + 1);
    expect(cache.kinds()).toEqual([]);
  });

  it('sees new owners when it reads them again, and keeps the deleted ones', async () => {
    const { source, cache, state, told } = setUp();
    const [changed, same, deleted] = ['changed', 'same', 'deleted'].map((name) => source.has('Job', name));
    await cache.fetch(
      [changed!, same!, deleted!].map((ref) => pending(ref)),
      never,
    );
    source.objects = source.objects.filter(({ name }) => name !== 'deleted');
    source.objects[0]!.labels = { 'example.com/run': 'r1', 'not-kept': 'x' };
    await cache.refresh(never);
    expect(told.at(-1)).toBe('changed uid-changed');
    expect(cache.lookUp(changed!, 'ns')).toMatchObject({ meta: { labels: { 'example.com/run': 'r1' } } });
    expect(state(deleted!)).toBe('found');
  });

  it('tells the group of a kind by its reference', () => {
    expect(apiGroupOf('batch.volcano.sh/v1alpha1')).toBe('batch.volcano.sh');
    expect(apiGroupOf('v1')).toBe('');
  });
});
