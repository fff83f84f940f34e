import { ownerChainFixtures } from '../../../../test/fixtures/owner-chains/owner-chains.js';
import type { OwnerChainFixture, RawObject } from '../../../../test/fixtures/owner-chains/raw-object.js';
import { FRAMEWORK_LABELS } from './framework-labels.js';
import type { ObjectMeta, OwnerReference, WatchedPod } from './objects.js';
import { apiGroupOf, type OwnerLookup, qualifiedKind } from './owner-chain.js';
import { isKeptLabel, readMeta, readPod } from './read-objects.js';
import { MAX_OWNERS, resolveOwners } from './resolve-owners.js';

const RULES = { platformLabels: ['primus-safe.workload.id', 'example.com/run'] };

const metaOf = (raw: RawObject): ObjectMeta => readMeta(raw, RULES.platformLabels)!;
const podOf = (raw: RawObject): WatchedPod => readPod(raw, RULES.platformLabels)!;

function lookUpIn({ objects, unreadable = [] }: OwnerChainFixture) {
  return (ref: OwnerReference, namespace: string): OwnerLookup => {
    const group = apiGroupOf(ref.apiVersion);
    if (unreadable.includes(qualifiedKind(ref.kind, group))) return { state: 'unreadable' };
    const found = objects.find(
      ({ apiVersion, kind, metadata }) =>
        kind === ref.kind &&
        apiGroupOf(apiVersion) === group &&
        metadata.name === ref.name &&
        [undefined, namespace].includes(metadata.namespace),
    );
    return found?.metadata.uid === ref.uid ? { state: 'found', meta: metaOf(found) } : { state: 'gone' };
  };
}

function pod(refs: Partial<OwnerReference>[], fields: Partial<WatchedPod> = {}): WatchedPod {
  const base = podOf({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'ns', uid: 'pod', creationTimestamp: '2026-03-01T08:00:00Z' },
  });
  return { ...base, ownerReferences: refs.map((ref) => reference(ref)), ...fields };
}

function reference(fields: Partial<OwnerReference>): OwnerReference {
  return { apiVersion: 'example.com/v1', kind: 'Thing', name: 'thing', uid: 'thing', controller: true, ...fields };
}

describe('owners of pods as controllers write them', () => {
  const cases = ownerChainFixtures.flatMap((fixture) =>
    fixture.pods.map((expected) => ({ name: `${fixture.system}: ${expected.pod.metadata.name}`, fixture, expected })),
  );

  it.each(cases)('$name', ({ fixture, expected }) => {
    const chain = resolveOwners(podOf(expected.pod), lookUpIn(fixture), RULES);
    const names = chain.workloads.map(({ kind, apiGroup, name }) => `${qualifiedKind(kind, apiGroup)}/${name}`);
    expect(names).toEqual(expected.workloads);
    expect(chain.end).toBe(expected.end);
    expect(chain.ownersKnown).toBe(expected.end !== 'mirror');
    expect(chain.workloads.map(({ ownerUid }) => ownerUid)).toEqual(
      chain.workloads.map((_, index) => chain.workloads[index + 1]?.uid ?? null),
    );
    if (expected.rootUid !== undefined) expect(chain.workloads.at(-1)?.uid).toBe(expected.rootUid);
  });

  it('has all labels it looks at kept', () => {
    expect(FRAMEWORK_LABELS.filter((key) => !isKeptLabel(key, []))).toEqual([]);
  });

  it('keeps where a workload lives and since when', () => {
    const fixture = ownerChainFixtures.find(({ system }) => system.startsWith('Cluster-scoped'))!;
    const { workloads } = resolveOwners(podOf(fixture.pods[0]!.pod), lookUpIn(fixture), RULES);
    const createdAt = Date.parse('2026-03-01T08:00:00Z');
    expect(workloads).toMatchObject([
      { namespace: 'team-a', createdAt },
      { namespace: '', createdAt },
    ]);
  });
});

describe('the walk from a pod to its root', () => {
  const gone = (): OwnerLookup => ({ state: 'gone' });

  it('stops at an owner that must be looked up first, and names it', () => {
    const chain = resolveOwners(pod([{ uid: 'a' }]), () => ({ state: 'pending' }), RULES);
    expect(chain).toMatchObject({ workloads: [], ownersKnown: false, end: 'pending' });
    expect(chain.pending).toEqual([{ ref: reference({ uid: 'a' }), namespace: 'ns' }]);
  });

  it('ends at the eighth owner', () => {
    const chain = resolveOwners(
      pod([{ uid: '0' }]),
      (ref) => ({
        state: 'found',
        meta: { ...pod([{ uid: String(Number(ref.uid) + 1) }]), uid: ref.uid },
      }),
      RULES,
    );
    expect(chain.workloads).toHaveLength(MAX_OWNERS);
    expect(chain).toMatchObject({ end: 'depth', ownersKnown: true });
  });

  it('leaves a pod that owns itself to be its own workload', () => {
    const chain = resolveOwners(pod([{ uid: 'pod' }]), gone, RULES);
    expect(chain).toMatchObject({ workloads: [], ownersKnown: true, end: 'cycle' });
  });

  it('takes an object of another UID for a gone owner', () => {
    const other: OwnerLookup = { state: 'found', meta: { ...pod([]), uid: 'other' } };
    const chain = resolveOwners(pod([{ uid: 'first' }]), () => other, RULES);
    expect(chain).toMatchObject({ end: 'gone', workloads: [{ uid: 'first', createdAt: null }] });
  });

  it('puts an unreadable cluster-scoped owner into no namespace', () => {
    const lookUp = (): OwnerLookup => ({ state: 'unreadable', isClusterScoped: true });
    expect(resolveOwners(pod([{}]), lookUp, RULES).workloads).toMatchObject([{ namespace: '' }]);
  });

  it('never takes the Workload of Kueue for an owner', () => {
    const kueue = { apiVersion: 'kueue.x-k8s.io/v1beta1', kind: 'Workload', uid: 'k' };
    expect(resolveOwners(pod([kueue]), gone, RULES)).toMatchObject({ workloads: [], end: 'no_owner' });
    const amd = { apiVersion: 'amd.com/v1', kind: 'Workload', uid: 'w' };
    expect(resolveOwners(pod([kueue, { ...amd, controller: false }]), gone, RULES).workloads).toMatchObject([
      { uid: 'w' },
    ]);
  });

  it('puts the workload of the first platform label that is set on top', () => {
    const labels = { 'example.com/run': 'run-1', 'primus-safe.workload.id': '' };
    const { workloads } = resolveOwners(pod([{ uid: 'a', name: 'a' }], { labels }), gone, RULES);
    expect(workloads).toMatchObject([
      { uid: 'a', ownerUid: 'run-1' },
      { uid: 'run-1', kind: 'Workload', apiGroup: '', namespace: '', ownerUid: null },
    ]);
  });

  it('does not repeat the workload of a platform that is an owner as well', () => {
    const owner = { apiVersion: 'amd.com/v1', kind: 'Workload', name: 'w1', uid: 'real' };
    const { workloads } = resolveOwners(
      pod([owner], { labels: { 'primus-safe.workload.id': 'w1' } }),
      () => ({ state: 'found', meta: { ...pod([]), uid: 'real', name: 'w1' } }),
      RULES,
    );
    expect(workloads).toMatchObject([{ uid: 'w1', name: 'w1', apiGroup: 'amd.com' }]);
    expect(workloads).toHaveLength(1);
  });

  it('does not believe the old label `job-name` without the UID of a Job', () => {
    const labels = { 'job-name': 'bert', 'training.kubeflow.org/operator-name': 'unknown-operator' };
    const { workloads } = resolveOwners(pod([{ uid: 'a' }], { labels }), gone, RULES);
    expect(workloads).toHaveLength(1);
    const both = { ...labels, 'controller-uid': 'job-uid' };
    expect(resolveOwners(pod([{ uid: 'a' }], { labels: both }), gone, RULES).workloads).toMatchObject([
      { uid: 'a' },
      { uid: 'job-uid', kind: 'Job', apiGroup: 'batch', name: 'bert' },
    ]);
  });
});
