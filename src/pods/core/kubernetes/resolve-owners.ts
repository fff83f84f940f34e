import { labelledWorkloads, type LabelledWorkload } from './framework-labels.js';
import { nextOwner, type NextOwner } from './next-owner.js';
import type { ObjectMeta, OwnerReference, WatchedPod } from './objects.js';
import {
  apiGroupOf,
  type ChainedWorkload,
  type OwnerChain,
  type OwnerLookup,
  type OwnerStep,
  type OwnerWalkEnd,
  type PendingOwner,
} from './owner-chain.js';

/** How many owners above a pod are followed at most; real chains have up to six (KServe on Knative). */
export const MAX_OWNERS = 8;

export interface OwnerRules {
  /** Labels whose value is the UID and name of the workload a platform runs the pod for, most important first. */
  readonly platformLabels: readonly string[];
}

interface Walk {
  readonly end: OwnerWalkEnd;
  readonly steps: readonly OwnerStep[];
  /** The pod and the owners that were found: all objects whose labels are known. */
  readonly metas: readonly ObjectMeta[];
  readonly pending: readonly PendingOwner[];
}

/**
 * The workloads a pod belongs to: every owner from the nearest to the root, except ReplicaSets and ReplicationControllers that
 * have a controller themselves and Pods on the way. Where an owner can not be read, labels of frameworks tell what is above it; a
 * platform's label puts its workload on top of all. Group and kind are compared, versions are not.
 * @param lookUp what is known of the owner a reference names; asked with the namespace of the object that refers to it
 */
export function resolveOwners(
  pod: WatchedPod,
  lookUp: (ref: OwnerReference, namespace: string) => OwnerLookup,
  rules: OwnerRules,
): OwnerChain {
  const walk = walkUp(pod, lookUp);
  const { end, pending } = walk;
  if (end === 'mirror' || end === 'pending') {
    return { workloads: [], ownersKnown: false, pending, end, steps: walk.steps };
  }
  const steps = withPlatform(withFramework(walk), walk.metas, rules.platformLabels);
  return { workloads: workloadsOf(steps), ownersKnown: true, pending, end, steps };
}

function walkUp(pod: WatchedPod, lookUp: (ref: OwnerReference, namespace: string) => OwnerLookup): Walk {
  const steps: OwnerStep[] = [];
  const metas: ObjectMeta[] = [pod];
  const seen = new Set([pod.uid]);
  const ended = (end: OwnerWalkEnd, pending: readonly PendingOwner[] = []): Walk => ({ end, steps, metas, pending });
  if (pod.isMirror) return ended('mirror');

  for (let child: ObjectMeta = pod; ;) {
    const next = nextOwner(child);
    if (next.state !== 'owner') return ended(endOf(next, steps.length === 0));
    if (seen.has(next.ref.uid)) return ended('cycle');
    if (steps.length === MAX_OWNERS) return ended('depth');
    const owner = lookUp(next.ref, child.namespace);
    if (owner.state === 'pending') return ended('pending', [{ ref: next.ref, namespace: child.namespace }]);

    seen.add(next.ref.uid);
    const found = owner.state === 'found' && owner.meta.uid === next.ref.uid ? owner.meta : undefined;
    steps.push(stepTo(next, child.namespace, owner, found));
    if (found === undefined) return ended(owner.state === 'unreadable' ? 'unreadable' : 'gone');
    metas.push(found);
    child = found;
  }
}

function endOf(next: Exclude<NextOwner, { state: 'owner' }>, isPod: boolean): OwnerWalkEnd {
  if (next.state === 'several_owners') return 'several_owners';
  if (!isPod) return 'root';
  return next.state === 'node' ? 'mirror' : 'no_owner';
}

function stepTo(
  { ref, namedBy }: Extract<NextOwner, { state: 'owner' }>,
  childNamespace: string,
  owner: OwnerLookup,
  found: ObjectMeta | undefined,
): OwnerStep {
  const isClusterScoped = 'isClusterScoped' in owner && owner.isClusterScoped === true;
  return {
    uid: ref.uid,
    name: ref.name,
    namespace: found?.namespace ?? (isClusterScoped ? '' : childNamespace),
    kind: ref.kind,
    apiGroup: apiGroupOf(ref.apiVersion),
    createdAt: found?.createdAt ?? null,
    namedBy,
    isFound: found !== undefined,
  };
}

/** What the labels of the pod, else of the nearest owner that has any, name above the last owner when that could not be read. */
function withFramework({ end, steps, metas }: Walk): readonly OwnerStep[] {
  if (end !== 'gone' && end !== 'unreadable') return steps;
  const podUid = metas[0]?.uid;
  for (const meta of metas) {
    for (const named of labelledWorkloads(meta.labels, meta.namespace)) {
      const above = aboveKnown(named, steps).filter((workload) => workload.uid !== podUid);
      if (above.length === 0) continue;
      return [
        ...steps,
        ...above.map((workload) => ({ ...workload, namedBy: 'framework_label' as const, isFound: false })),
      ];
    }
  }
  return steps;
}

function aboveKnown(named: readonly LabelledWorkload[], steps: readonly OwnerStep[]): LabelledWorkload[] {
  const known = named.findLastIndex((workload) => steps.some((step) => isSame(step, workload)));
  const above = named.slice(known + 1);
  return above.filter((workload, index) => above.findIndex(({ uid }) => uid === workload.uid) === index);
}

/** Objects that labels name may have made-up UIDs: their kind and name tell as well. */
function isSame(step: OwnerStep, other: LabelledWorkload): boolean {
  if (step.uid === other.uid) return true;
  return step.kind === other.kind && step.apiGroup === other.apiGroup && step.name === other.name;
}

function withPlatform(
  steps: readonly OwnerStep[],
  metas: readonly ObjectMeta[],
  platformLabels: readonly string[],
): readonly OwnerStep[] {
  const workload = platformWorkload(metas, platformLabels);
  if (workload === undefined) return steps;
  const below = steps.filter((step) => !isSame(step, workload));
  return [...below, { ...workload, namedBy: 'platform_label', isFound: false }];
}

function platformWorkload(
  metas: readonly ObjectMeta[],
  platformLabels: readonly string[],
): LabelledWorkload | undefined {
  for (const key of platformLabels) {
    const id = metas.find((meta) => meta.labels[key])?.labels[key];
    if (!id) continue;
    // Primus-SaFE's Workload is cluster-scoped and lives in another cluster.
    const apiGroup = key.startsWith('primus-safe.') ? 'amd.com' : '';
    return { uid: id, name: id, namespace: '', kind: 'Workload', apiGroup, createdAt: null };
  }
  return undefined;
}

function workloadsOf(steps: readonly OwnerStep[]): ChainedWorkload[] {
  const workloads = steps.filter((step, index) => !isPassedThrough(step, steps[index + 1]));
  return workloads.map(({ uid, name, namespace, kind, apiGroup, createdAt }, index) => {
    const ownerUid = workloads[index + 1]?.uid ?? null;
    return { uid, name, namespace, kind, apiGroup, ownerUid, createdAt };
  });
}

/** Pods that own pods, and the sets a Deployment or the like makes for each of its revisions, are no workloads of their own. */
function isPassedThrough(step: OwnerStep, owner: OwnerStep | undefined): boolean {
  if (owner === undefined) return false;
  if (step.kind === 'Pod' && step.apiGroup === '') return true;
  const isRevision =
    (step.kind === 'ReplicaSet' && step.apiGroup === 'apps') ||
    (step.kind === 'ReplicationController' && step.apiGroup === '');
  return isRevision && (owner.namedBy === 'controller' || owner.namedBy === 'framework_label');
}
