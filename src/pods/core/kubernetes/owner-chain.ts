import type { ObjectMeta, OwnerReference } from './objects.js';

/** What is known of an owner that a reference names. */
export type OwnerLookup =
  | { readonly state: 'found'; readonly meta: ObjectMeta }
  /** The API server does not have it any more, or has another object of that name. */
  | { readonly state: 'gone'; readonly isClusterScoped?: boolean }
  /** It may not be read, or its kind is unknown to the API server. */
  | { readonly state: 'unreadable'; readonly isClusterScoped?: boolean }
  /** It was not asked for yet, or asking failed for now. */
  | { readonly state: 'pending' };

/** A workload that a pod belongs to. */
export interface ChainedWorkload {
  /** Of the object; made from kind, group, namespace and name where only a label names it. */
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly kind: string;
  /** Empty for the core group. */
  readonly apiGroup: string;
  /** The workload it belongs to itself; null for the root. */
  readonly ownerUid: string | null;
  /** ms since the epoch; null when unknown. */
  readonly createdAt: number | null;
}

/**
 * Why the walk from a pod to its root ended where it did.
 * - `root`: the last owner has no owner itself
 * - `gone`, `unreadable`: the last owner is known by the reference alone
 * - `several_owners`: several references of which none is the controller
 * - `cycle`, `depth`: the references lead back, or further than owners are followed
 * - `no_owner`: the pod is its own workload
 * - `mirror`: the pod stands for a manifest on its node and has no workload
 * - `pending`: an owner must be looked up first
 */
export type OwnerWalkEnd =
  'root' | 'gone' | 'unreadable' | 'several_owners' | 'cycle' | 'depth' | 'no_owner' | 'mirror' | 'pending';

/** What says that an owner is one. */
export type OwnerEvidence = 'controller' | 'only_reference' | 'framework_label' | 'platform_label';

/** One owner met on the way, workload or not (ReplicaSets and Pods on the way are steps only). */
export interface OwnerStep extends Omit<ChainedWorkload, 'ownerUid'> {
  readonly namedBy: OwnerEvidence;
  /** Whether its metadata was read. */
  readonly isFound: boolean;
}

/** An owner whose metadata must be read to go on. */
export interface PendingOwner {
  readonly ref: OwnerReference;
  /** Of the object that refers to it; empty for cluster-scoped ones. */
  readonly namespace: string;
}

/** The workloads of a pod. */
export interface OwnerChain {
  /** Nearest first, the last is the root. Empty for pods that are their own workload, mirror pods, and while `pending` is not. */
  readonly workloads: readonly ChainedWorkload[];
  /** True also when the pod is its own workload; false for mirror pods and while something is pending. */
  readonly ownersKnown: boolean;
  readonly pending: readonly PendingOwner[];
  readonly end: OwnerWalkEnd;
  /** All owners met, nearest first, for explanations. */
  readonly steps: readonly OwnerStep[];
}

/** The API group of an `apiVersion`: `apps` of `apps/v1`, empty for the core group. */
export function apiGroupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash === -1 ? '' : apiVersion.slice(0, slash);
}

/** Name of a kind with its group, e.g. `PyTorchJob.kubeflow.org`; `Pod` in the core group. */
export function qualifiedKind(kind: string, apiGroup: string): string {
  return apiGroup === '' ? kind : `${kind}.${apiGroup}`;
}
