import type { WatchedPod } from '../../core/kubernetes/objects.js';
import type { ChainedWorkload } from '../../core/kubernetes/owner-chain.js';
import type { KubernetesBatch, PodChain } from './kubernetes-batch.js';

/** A pod as `UPSERT_PODS` takes it. Times in ms since the epoch. */
export interface PodRow {
  uid: string;
  name: string;
  namespace: string;
  node_name: string | null;
  phase: string | null;
  pod_ip: string | null;
  host_network: boolean;
  started_at: number | null;
  owners_known: boolean;
  is_ended: boolean;
  completed_at: number | null;
  /** When it ended if nothing better is known. */
  gone_at: number | null;
}

/** A workload as the statements take it. */
export interface WorkloadRow {
  uid: string;
  name: string;
  namespace: string;
  kind: string;
  api_group: string;
  owner_uid: string | null;
  created_at: number | null;
}

/** That a pod belongs to a workload. */
export interface ReferenceRow {
  pod_uid: string;
  workload_uid: string;
  depth: number;
  is_root: boolean;
  pod_ended: boolean;
}

/** The batch's pods, those that are gone already among them: they held devices and belonged to workloads all the same. */
export function podRows({ pods, removedPods, chains }: KubernetesBatch): PodRow[] {
  const goneAt = new Map(removedPods.map(({ uid, endedAt }) => [uid, endedAt]));
  const resolved = new Set(chains.filter(({ chain }) => chain.ownersKnown).map(({ podUid }) => podUid));
  const newest = new Map(pods.map((pod) => [pod.uid, pod]));
  return [...newest.values()].map((pod) => podRow(pod, resolved.has(pod.uid), goneAt.get(pod.uid)));
}

function podRow(pod: WatchedPod, isResolved: boolean, goneAt: number | undefined): PodRow {
  return {
    uid: pod.uid,
    name: pod.name,
    namespace: pod.namespace,
    node_name: pod.nodeName,
    phase: pod.phase,
    pod_ip: pod.podIp,
    host_network: pod.hostNetwork,
    started_at: pod.startedAt ?? pod.createdAt,
    owners_known: isResolved,
    is_ended: pod.isCompleted || goneAt !== undefined,
    completed_at: pod.completedAt,
    gone_at: goneAt ?? null,
  };
}

/** The workloads of all chains, each once. What one chain does not say about a workload's creation another may. */
export function workloadRows(chains: readonly PodChain[]): WorkloadRow[] {
  const rows = new Map<string, WorkloadRow>();
  for (const { chain } of chains) {
    for (const workload of chain.workloads) rows.set(workload.uid, workloadRow(workload, rows.get(workload.uid)));
  }
  return [...rows.values()];
}

function workloadRow(workload: ChainedWorkload, known: WorkloadRow | undefined): WorkloadRow {
  return {
    uid: workload.uid,
    name: workload.name,
    namespace: workload.namespace,
    kind: workload.kind,
    api_group: workload.apiGroup,
    owner_uid: workload.ownerUid,
    created_at: workload.createdAt ?? known?.created_at ?? null,
  };
}

/** Which pods belong to which workloads; `ended` tells whether a pod has ended. */
export function referenceRows(chains: readonly PodChain[], ended: (podUid: string) => boolean): ReferenceRow[] {
  const ofPod = new Map(chains.map(({ podUid, chain }) => [podUid, chain.workloads]));
  return [...ofPod].flatMap(([podUid, workloads]) => {
    const rows = workloads.map(({ uid }, index) => ({
      pod_uid: podUid,
      workload_uid: uid,
      depth: index + 1,
      is_root: index === workloads.length - 1,
      pod_ended: ended(podUid),
    }));
    return [...new Map(rows.map((row) => [row.workload_uid, row])).values()];
  });
}
