import type { ObjectMeta, WatchedPod } from '../../core/kubernetes/objects.js';
import type { PendingChange } from './pending-changes.js';

/** The pods of the cluster that live, or whose owners are still to be found, with what their owners are found by. */
export class LivePods {
  private readonly pods = new Map<string, WatchedPod>();

  get(uid: string): WatchedPod | undefined {
    return this.pods.get(uid);
  }

  all(): IterableIterator<ObjectMeta> {
    return this.pods.values();
  }

  /** Those that are still there. */
  some(uids: Iterable<string>): WatchedPod[] {
    return [...uids].flatMap((uid) => this.pods.get(uid) ?? []);
  }

  note(change: PendingChange): void {
    if (change.kind === 'pod') this.pods.set(change.pod.uid, change.pod);
    else if (change.kind === 'pod-removed') this.pods.delete(change.pod.uid);
  }

  /** Nothing more is to be found out about a pod that has ended. */
  forget(uid: string): void {
    this.pods.delete(uid);
  }

  /** Forgets the pods of a namespace (all when unset) that a full list did not show. */
  retain(present: ReadonlySet<string>, namespace: string | undefined): void {
    for (const [uid, pod] of this.pods) {
      if (!present.has(uid) && (namespace === undefined || pod.namespace === namespace)) this.pods.delete(uid);
    }
  }
}
