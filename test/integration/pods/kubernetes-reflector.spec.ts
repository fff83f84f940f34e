import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { KubernetesError } from '../../../src/pods/kubernetes/client/kubernetes-error.js';
import { NODES, PODS } from '../../../src/pods/kubernetes/client/resource-path.js';
import { eventually } from '../../support/eventually.js';
import { endlessWatch } from '../../support/kubernetes/endless-watch.js';
import { apiAt, apiOf, Mirror } from '../../support/kubernetes/mirror.js';
import { POD, REPLICA_SET } from '../../support/kubernetes/kinds.js';
import { object, pod } from '../../support/kubernetes/objects.js';
import { KubernetesStandIn, type StandInOptions } from '../../support/kubernetes/stand-in.js';

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const standInWith = async (names: readonly string[], options: StandInOptions = {}) => {
  const standIn = await KubernetesStandIn.start(options);
  cleanups.push(() => standIn.stop());
  standIn.apply(...names.map((name) => pod(name, { uid: name })));
  return standIn;
};

const clientOf = async (standIn: KubernetesStandIn, requestTimeout?: number) => {
  const api = await apiOf(standIn, requestTimeout);
  cleanups.push(() => api.close());
  return api;
};

const mirrorOf = async (standIn: KubernetesStandIn, options: ConstructorParameters<typeof Mirror>[1] = {}) => {
  const mirror = new Mirror(await apiOf(standIn), options).start();
  cleanups.push(() => mirror.stop());
  return mirror;
};

const served = (standIn: KubernetesStandIn) => {
  const objects = standIn.store.snapshot(POD, standIn.store.version) ?? [];
  return Object.fromEntries(objects.map(({ uid, version }) => [uid, String(version)] as const).sort());
};

const untilEqual = async (mirror: Mirror, standIn: KubernetesStandIn) => {
  await eventually(() => JSON.stringify(mirror.content()) === JSON.stringify(served(standIn)), 10_000, 5);
  expect(mirror.overlaps).toBe(0);
};

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
const failureOf = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

describe('KubernetesApi', () => {
  it('trusts the authority of the kubeconfig, and reads its token again when it is refused', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kubernetes-token-'));
    cleanups.push(async () => rm(folder, { recursive: true }));
    const file = join(folder, 'token');
    const write = (token: string) => {
      writeFileSync(file, `${token}\n`);
    };
    const standIn = await standInWith(NAMES, { tls: true, token: 'first' });
    write('first');
    const api = await apiAt(standIn.kubeconfig().replace('token: first', `token-file: ${file}`));
    cleanups.push(() => api.close());
    expect((await api.list(PODS, { limit: 2 })).items).toHaveLength(2);
    write('second');
    standIn.setToken('second');
    expect((await api.list(PODS, { limit: 2 })).items).toHaveLength(2);
    expect(standIn.requests('list', 'pods')).toBe(3);
    standIn.setToken('third');
    expect(await failureOf(api.list(PODS, { limit: 2 }))).toMatchObject({ status: 401, reason: 'Unauthorized' });
    rmSync(file);
    expect(await failureOf(api.list(PODS, { limit: 2 }))).toMatchObject({ status: 0, reason: 'Credentials' });
  });

  it('asks for metadata alone', async () => {
    const standIn = await standInWith(['a']);
    standIn.apply(object(REPLICA_SET, 'rs', { uid: 'rs-1' }, { spec: { replicas: 3 } }));
    const api = await clientOf(standIn);
    const resource = { group: 'apps', version: 'v1', plural: 'replicasets' };
    const whole = await api.list(resource, { limit: 5 });
    const partial = await api.list(resource, { limit: 5, metadataOnly: true });
    const single = await api.getMetadata(resource, 'default', 'rs');
    expect(whole.items).toMatchObject([{ spec: { replicas: 3 } }]);
    expect(partial.items).toMatchObject([{ kind: 'PartialObjectMetadata', metadata: { uid: 'rs-1' } }]);
    expect(single).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { uid: 'rs-1' } });
    expect(await failureOf(api.getMetadata(resource, 'default', 'none'))).toMatchObject({ status: 404 });
  });

  it('discovers kinds', async () => {
    const api = await clientOf(await standInWith([]));
    expect(await api.discover('apps', 'v1')).toContainEqual({
      kind: 'ReplicaSet',
      plural: 'replicasets',
      namespaced: true,
    });
    expect(await api.discover('', 'v1')).toContainEqual({ kind: 'Node', plural: 'nodes', namespaced: false });
    expect(await failureOf(api.discover('none.example', 'v1'))).toMatchObject({ status: 404 });
  });

  it('tells refusals, silence and broken answers', async () => {
    const standIn = await standInWith(NAMES);
    const api = await clientOf(standIn, 100);
    const list = () => failureOf(api.list(PODS, { limit: 100 }));
    standIn.fail({ status: 429, retryAfter: 3, plainText: true, times: 1 });
    expect(await list()).toMatchObject({ status: 429, retryAfter: 3_000 });
    standIn.cutAnswers({ afterBytes: 300, times: 1 });
    expect(await list()).toMatchObject({ status: 0, reason: 'Network' });
    standIn.hang({ times: 1 });
    expect(await list()).toMatchObject({ status: 0, reason: 'Network' });
    standIn.forbid({ group: '', resource: 'nodes' });
    expect(await failureOf(api.list(NODES, { limit: 1 }))).toMatchObject({ status: 403, reason: 'Forbidden' });
    await standIn.stop();
    expect(await list()).toBeInstanceOf(KubernetesError);
  });

  it('ends with the reason of the signal', async () => {
    const standIn = await standInWith(NAMES);
    const api = await clientOf(standIn);
    const aborting = new AbortController();
    standIn.hang({ times: 1 });
    const listing = failureOf(api.list(PODS, { limit: 1, signal: aborting.signal }));
    await standIn.untilRequested('list', 'pods');
    const reason = new Error('enough');
    aborting.abort(reason);
    expect(await listing).toBe(reason);
  });

  it('closes the connection of a watch that is left', async () => {
    const standIn = await standInWith(NAMES);
    const api = await clientOf(standIn);
    for await (const { type } of api.watch(PODS, { resourceVersion: '1000', timeoutSeconds: 60 })) {
      expect(type).toBe('ADDED');
      break;
    }
    await standIn.traffic.untilWatched('pods', 0);
  });
});

describe('Reflector', () => {
  it('mirrors what is there page by page, and every change', async () => {
    const standIn = await standInWith(NAMES);
    const mirror = await mirrorOf(standIn);
    await standIn.untilWatched('pods');
    expect(standIn.requests('list', 'pods')).toBe(3);
    expect(mirror.content()).toEqual(served(standIn));
    standIn.apply(pod('h', { uid: 'h' }), pod('a', { uid: 'a', phase: 'Failed' }));
    standIn.delete(pod('b'));
    await untilEqual(mirror, standIn);
    expect(mirror.changes).toBe(3);
  });

  it('watches only its namespace', async () => {
    const standIn = await standInWith(['a']);
    standIn.apply(pod('x', { uid: 'x', namespace: 'team' }));
    const mirror = await mirrorOf(standIn, { namespace: 'team' });
    await standIn.untilWatched('pods/team');
    expect(Object.keys(mirror.content())).toEqual(['x']);
  });

  it('begins the list anew when it expires between pages', async () => {
    const standIn = await standInWith(NAMES);
    standIn.fail({ path: /continue=/, status: 410, reason: 'Expired', times: 1 });
    const mirror = await mirrorOf(standIn);
    await standIn.untilWatched('pods');
    expect(standIn.requests('list', 'pods')).toBe(5);
    await untilEqual(mirror, standIn);
  });

  it.each(['answer', 'event'] as const)('lists anew when its version is too old, told by an %s', async (gone) => {
    const standIn = await standInWith(NAMES);
    const mirror = await mirrorOf(standIn);
    await standIn.untilWatched('pods');
    await standIn.stop();
    standIn.delete(pod('a'));
    standIn.compact({ gone });
    await standIn.start();
    await untilEqual(mirror, standIn);
    expect(mirror.reflector.status.lists).toBe(2);
  });

  it('goes on from a bookmark, though what was before is forgotten', async () => {
    const standIn = await standInWith(NAMES);
    const mirror = await mirrorOf(standIn);
    await standIn.untilWatched('pods');
    for (let i = 0; i < 5; i++) standIn.apply(object(REPLICA_SET, `rs-${i}`));
    standIn.compact();
    standIn.bookmark('pods');
    await eventually(() => mirror.reflector.status.resourceVersion === String(standIn.store.version), 5_000, 5);
    standIn.cutWatches();
    await standIn.untilRequested('watch', 'pods', 2);
    standIn.apply(pod('z', { uid: 'z' }));
    await untilEqual(mirror, standIn);
    expect(mirror.reflector.status.lists).toBe(1);
  });

  it('hands on whole objects wherever the stream is cut', async () => {
    const standIn = await standInWith([]);
    const mirror = await mirrorOf(standIn, { backoff: { base: 0, max: 0 } });
    await standIn.untilWatched('pods');
    for (let bytes = 1; bytes < 1_500; bytes += 13) {
      const name = `pod-${bytes}`;
      standIn.cutWatches({ resource: 'pods', afterBytes: bytes });
      standIn.apply(pod(name, { uid: name, annotations: { ünïcode: '😀'.repeat(bytes % 7) } }));
      await eventually(() => mirror.objects.has(name), 5_000, 1);
    }
    await untilEqual(mirror, standIn);
    expect(mirror.reflector.status).toMatchObject({ lists: 1, skipped: 0 });
    expect(mirror.reflector.status.errors).toBeGreaterThan(50);
  });

  it('leaves an overloaded API server alone for as long as it asks', async () => {
    const waits: number[] = [];
    const pause = (ms: number) => Promise.resolve(void waits.push(ms));
    const standIn = await standInWith(NAMES);
    standIn.fail({ status: 429, retryAfter: 17, times: 2 });
    const mirror = await mirrorOf(standIn, { pause });
    await standIn.untilWatched('pods');
    await untilEqual(mirror, standIn);
    expect(waits).toEqual([17_000, 17_000]);
  });

  it('says that it is forbidden, and goes on once it is allowed', async () => {
    const standIn = await standInWith(NAMES);
    const watching = { group: '', resource: 'pods' };
    standIn.forbid(watching);
    const mirror = await mirrorOf(standIn);
    await eventually(() => mirror.reflector.status.state === 'forbidden', 5_000, 1);
    standIn.allow(watching);
    await standIn.untilWatched('pods');
    await untilEqual(mirror, standIn);
    await eventually(() => mirror.states.at(-1) === 'watching', 5_000, 1);
  });

  it('reads no faster than the handler takes', async () => {
    const source = await endlessWatch(1_000, 100_000);
    cleanups.push(() => source.stop());
    const mirror = new Mirror(await apiAt(source.kubeconfig));
    const gate = Promise.withResolvers<undefined>();
    mirror.start();
    cleanups.push(() => mirror.stop());
    await source.watched;
    mirror.gate = gate.promise;
    let before = -1;
    await eventually(() => source.written() > 0 && before === (before = source.written()), 10_000, 200);
    expect(source.written()).toBeLessThan(400);
    mirror.gate = Promise.resolve();
    gate.resolve(undefined);
    await eventually(() => mirror.changes === 1_000);
    expect(mirror.overlaps).toBe(0);
  });

  it('equals the cluster after whatever has happened', async () => {
    const name = fc.constantFrom(...NAMES);
    const command = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant('apply' as const), name }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('delete' as const), name }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('cut' as const), bytes: fc.nat(2_000) }) },
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constant('chunk' as const), bytes: fc.integer({ min: 1, max: 500 }) }),
      },
      { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('yield', 'settle') }) },
      {
        weight: 3,
        arbitrary: fc.record({ do: fc.constantFrom('end', 'gone', 'compact', 'bookmark', 'restart', 'refuse') }),
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 40, size: 'max' }), async (commands) => {
        const standIn = await KubernetesStandIn.start();
        const mirror = new Mirror(await apiOf(standIn)).start();
        try {
          for (const step of commands) await perform(standIn, step);
          await untilEqual(mirror, standIn);
        } finally {
          await mirror.stop();
          await standIn.stop();
        }
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});

interface Step {
  readonly do: string;
  readonly name?: string;
  readonly bytes?: number;
}

async function perform(standIn: KubernetesStandIn, { do: what, name = '', bytes = 0 }: Step): Promise<void> {
  if (what === 'apply') standIn.apply(pod(name, { uid: `${name}-é` }));
  if (what === 'delete' && standIn.get(pod(name)) !== undefined) standIn.delete(pod(name));
  if (what === 'cut') standIn.cutWatches({ afterBytes: bytes });
  if (what === 'chunk') standIn.setChunking(bytes);
  if (what === 'end') standIn.endWatches();
  if (what === 'gone') standIn.failWatches();
  if (what === 'compact') standIn.compact();
  if (what === 'bookmark') standIn.bookmark();
  if (what === 'refuse') standIn.fail({ status: 503, times: 2 });
  if (what === 'yield') await new Promise(setImmediate);
  if (what === 'settle') await standIn.untilWatched('pods');
  if (what === 'restart') {
    await standIn.stop();
    await standIn.start();
  }
}
