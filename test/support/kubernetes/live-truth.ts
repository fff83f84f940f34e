import { POD } from './kinds.js';
import type { KubernetesObject, OwnerRef } from './object.js';
import type { KubernetesStandIn } from './stand-in.js';

/** What of a pod is compared: one line that names it, its phase, its node and its workloads, nearest first. */
export interface PodFacts {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly phase: string | null;
  readonly node: string | null;
  readonly workloads: readonly string[];
}

export function lineOf({ uid, namespace, name, phase, node, workloads }: PodFacts): string {
  return `${namespace}/${name} ${uid} ${phase ?? '-'} on ${node ?? '-'} for ${workloads.join(' < ')}`;
}

/** The lines of the pods of a cluster that have not ended, in the order of their text. Their owners must be stored too. */
export function liveLines(api: KubernetesStandIn): string[] {
  return livePods(api)
    .map((pod) => lineOf(factsOf(api, pod)))
    .sort();
}

export function liveUids(api: KubernetesStandIn): string[] {
  return livePods(api).map(({ metadata }) => metadata.uid ?? '');
}

function livePods({ store }: KubernetesStandIn): KubernetesObject[] {
  const pods = store.snapshot(POD, store.version) ?? [];
  return pods
    .filter(({ phase }) => phase !== 'Succeeded' && phase !== 'Failed')
    .map((stored) => JSON.parse(stored.body()) as KubernetesObject);
}

function factsOf(api: KubernetesStandIn, pod: KubernetesObject): PodFacts {
  const { uid = '', namespace = '', name } = pod.metadata;
  const { nodeName = null } = pod['spec'] as { nodeName?: string };
  const { phase } = pod['status'] as { phase: string };
  const workloads = workloadsOf(api, pod);
  return {
    uid,
    namespace,
    name,
    phase,
    node: nodeName,
    workloads: workloads.length === 0 ? [`Pod ${name}`] : workloads,
  };
}

/** Controllers from the nearest up; a ReplicaSet of a Deployment is none of its own. */
function workloadsOf(api: KubernetesStandIn, { metadata }: KubernetesObject): string[] {
  const reference = metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (reference === undefined) return [];
  const owner = ownerOf(api, reference, metadata.namespace);
  const above = workloadsOf(api, owner);
  return reference.kind === 'ReplicaSet' && above.length > 0
    ? above
    : [`${reference.kind} ${reference.name}`, ...above];
}

function ownerOf(api: KubernetesStandIn, { apiVersion, kind, name }: OwnerRef, namespace = ''): KubernetesObject {
  const owner = api.get({ apiVersion, kind, metadata: { name, namespace } });
  if (owner === undefined) throw new Error(`${kind} ${name} is not stored`);
  return owner;
}
