import type { ObjectMeta } from './objects.js';

/** What is known of an owner that a reference names. */
export type OwnerLookup =
  | { readonly state: 'found'; readonly meta: ObjectMeta }
  /** The API server does not have it any more, or has another object of that name. */
  | { readonly state: 'gone' }
  /** It may not be read, or its kind is unknown to the API server. */
  | { readonly state: 'unreadable' }
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
