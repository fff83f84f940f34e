import type { ObjectMeta, OwnerReference } from './objects.js';
import { apiGroupOf } from './owner-chain.js';

/** Which reference leads up from an object. */
export type NextOwner =
  | { readonly state: 'owner'; readonly ref: OwnerReference; readonly namedBy: 'controller' | 'only_reference' }
  | { readonly state: 'none' | 'several_owners' | 'node' };

/**
 * The owner of an object: its controller, else the only one it refers to. Kueue's Workload is owned by the job it queues and never
 * an owner; a Node owns mirror pods, which it does not make its workload.
 */
export function nextOwner(meta: Pick<ObjectMeta, 'ownerReferences'>): NextOwner {
  const all = meta.ownerReferences;
  const refs = all.some(isKueueWorkload) ? all.filter((ref) => !isKueueWorkload(ref)) : all;
  const controller = refs.find((ref) => ref.controller);
  const ref = controller ?? refs[0];
  if (ref === undefined) return { state: 'none' };
  if (controller === undefined && refs.length > 1) return { state: 'several_owners' };
  if (ref.kind === 'Node' && apiGroupOf(ref.apiVersion) === '') return { state: 'node' };
  return { state: 'owner', ref, namedBy: controller === undefined ? 'only_reference' : 'controller' };
}

function isKueueWorkload(ref: OwnerReference): boolean {
  return ref.kind === 'Workload' && apiGroupOf(ref.apiVersion) === 'kueue.x-k8s.io';
}
