import fc from 'fast-check';
import { FRAMEWORK_LABELS } from './framework-labels.js';
import type { ObjectMeta, OwnerReference, WatchedPod } from './objects.js';
import type { OwnerLookup } from './owner-chain.js';
import { resolveOwners } from './resolve-owners.js';

const RULES = { platformLabels: ['primus-safe.workload.id'] };
const SIZE = 14;

const kinds = fc.constantFrom(
  ['apps/v1', 'ReplicaSet'],
  ['v1', 'ReplicationController'],
  ['v1', 'Pod'],
  ['v1', 'Node'],
  ['batch/v1', 'Job'],
  ['batch.volcano.sh/v1alpha1', 'Job'],
  ['kueue.x-k8s.io/v1beta2', 'Workload'],
  ['jobset.x-k8s.io/v1alpha2', 'JobSet'],
  ['amd.com/v1', 'Workload'],
);
const uid = fc.integer({ min: 0, max: SIZE - 1 }).map((index) => `u${index}`);
const name = fc.constantFrom('a', 'b', 'c');
const reference: fc.Arbitrary<OwnerReference> = fc
  .tuple(kinds, uid, name, fc.boolean())
  .map(([[apiVersion, kind], owner, ownerName, controller]) => ({
    apiVersion: apiVersion,
    kind: kind,
    name: ownerName,
    uid: owner,
    controller,
  }));
const labels = fc.dictionary(
  fc.constantFrom(...FRAMEWORK_LABELS, 'primus-safe.workload.id'),
  // Labels may name objects of the graph, by name or UID, and anything else.
  fc.oneof(name, uid, fc.constantFrom('', 'RayJob', 'mpi-operator')),
  { maxKeys: 8 },
);
const meta = (own: string): fc.Arbitrary<ObjectMeta> =>
  fc.record({
    uid: fc.constant(own),
    name,
    namespace: fc.constantFrom('', 'ns'),
    labels,
    ownerReferences: fc.array(reference, { maxLength: 3 }),
    createdAt: fc.constantFrom(null, 1_772_352_000_000),
  });
const states = fc.array(fc.constantFrom('found', 'found', 'found', 'gone', 'unreadable', 'pending'), {
  minLength: SIZE,
  maxLength: SIZE,
});
const graph = fc.record({
  pod: fc.record({ meta: meta('u0'), isMirror: fc.boolean() }),
  metas: fc.tuple(...Array.from({ length: SIZE }, (_, index) => meta(`u${index}`))),
  states,
});
/** Longer than owners are followed, with a last reference to anywhere. */
const deepChain = graph.map((value) => ({
  ...value,
  states: value.states.map(() => 'found' as const),
  metas: value.metas.map((item, index) => ({
    ...item,
    ownerReferences: [
      { apiVersion: 'example.com/v1', kind: 'Thing', name: 'a', uid: `u${(index + 1) % SIZE}`, controller: true },
    ],
  })),
}));

type Graph = typeof graph extends fc.Arbitrary<infer T> ? T : never;

function resolve(input: Omit<Graph, 'metas' | 'states'> & { metas: readonly ObjectMeta[]; states: readonly string[] }) {
  const pod: WatchedPod = {
    ...input.pod.meta,
    isMirror: input.pod.isMirror,
    ...{ nodeName: null, phase: null, podIp: null, hostNetwork: false },
    ...{ startedAt: null, completedAt: null, isCompleted: false },
  };
  let lookUps = 0;
  const lookUp = (ref: OwnerReference): OwnerLookup => {
    lookUps += 1;
    const index = Number(ref.uid.slice(1));
    const state = input.states[index];
    if (state === 'found') return { state, meta: input.metas[index]! };
    return state === 'gone' || state === 'unreadable' ? { state } : { state: 'pending' };
  };
  return { pod, chain: resolveOwners(pod, lookUp, RULES), lookUps: () => lookUps };
}

describe('any graph of owners', () => {
  it.each([
    ['random', graph],
    ['deep', deepChain],
  ])('gives consistent workloads (%s)', (_, graphs) => {
    fc.assert(
      fc.property(graphs, (input) => {
        const { pod, chain, lookUps } = resolve(input);
        expect(lookUps()).toBeLessThanOrEqual(8);
        const uids = chain.workloads.map((workload) => workload.uid);
        expect(new Set(uids).size).toBe(uids.length);
        expect(chain.workloads.map(({ ownerUid }) => ownerUid)).toEqual(uids.map((_uid, i) => uids[i + 1] ?? null));
        expect(chain.workloads.every(({ kind, apiGroup }) => kind !== 'Workload' || apiGroup === 'amd.com')).toBe(true);
        expect(chain.ownersKnown).toBe(chain.end !== 'mirror' && chain.end !== 'pending');
        expect(chain.pending.length > 0).toBe(chain.end === 'pending');
        // Known owners are kept: a pod is its own workload only when no owner at all was found.
        const isOwnWorkload = chain.ownersKnown && uids.length === 0;
        expect(isOwnWorkload).toBe(chain.ownersKnown && chain.steps.length === 0);
        expect(resolve(input).chain).toEqual(chain);
        if (pod.isMirror) expect(chain.end).toBe('mirror');
      }),
      { numRuns: 2_000 },
    );
  });

  it('does not depend on the version a reference names', () => {
    const renewed = (meta: ObjectMeta): ObjectMeta => ({
      ...meta,
      ownerReferences: meta.ownerReferences.map((ref) => ({
        ...ref,
        apiVersion: ref.apiVersion.includes('/') ? ref.apiVersion.replace(/\/.*/, '/v9') : 'v9',
      })),
    });
    fc.assert(
      fc.property(graph, (input) => {
        const other = { pod: { ...input.pod, meta: renewed(input.pod.meta) }, metas: input.metas.map(renewed) };
        const { pending: _, ...chain } = resolve(input).chain;
        expect(resolve({ ...input, ...other }).chain).toMatchObject(chain);
      }),
    );
  });
});
