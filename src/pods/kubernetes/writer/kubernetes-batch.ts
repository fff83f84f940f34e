import type { OwnerChain } from '../../core/kubernetes/owner-chain.js';
import type { WatchedNode, WatchedPod } from '../../core/kubernetes/objects.js';

/** A pod that the API server does not have any more. */
export interface RemovedPod {
  readonly uid: string;
  /** ms since the epoch; counts unless the pod completed before. */
  readonly endedAt: number;
}

/** The workloads of a pod; nothing is said as long as its owners are not known. */
export interface PodChain {
  readonly podUid: string;
  readonly chain: Pick<OwnerChain, 'workloads' | 'ownersKnown'>;
}

/** Changes that are written together. Of each object there is the newest state only. */
export interface KubernetesBatch {
  readonly nodes: readonly WatchedNode[];
  /** Names. */
  readonly removedNodes: readonly string[];
  readonly pods: readonly WatchedPod[];
  readonly removedPods: readonly RemovedPod[];
  /** Of pods whose owners were resolved; the others keep the workloads they have. */
  readonly chains: readonly PodChain[];
}

/** What a full list was a list of. */
export type ListedScope =
  { readonly kind: 'nodes' } | { readonly kind: 'pods'; /** All of them when unset. */ readonly namespace?: string };
