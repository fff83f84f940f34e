/** A reference to an owner, as Kubernetes writes it in `metadata.ownerReferences`. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller: boolean;
}

/** What is kept of the metadata of a pod or of an owner. */
export interface ObjectMeta {
  readonly uid: string;
  readonly name: string;
  /** Empty for cluster-scoped objects. */
  readonly namespace: string;
  /** Only labels that owner resolution looks at. */
  readonly labels: Readonly<Record<string, string>>;
  readonly ownerReferences: readonly OwnerReference[];
  /** ms since the epoch; null when the object does not say. */
  readonly createdAt: number | null;
}

/** What is kept of a pod. Times in ms since the epoch. */
export interface WatchedPod extends ObjectMeta {
  /** Null while it is not scheduled. */
  readonly nodeName: string | null;
  readonly phase: string | null;
  readonly podIp: string | null;
  readonly hostNetwork: boolean;
  /** When the kubelet took it up; null before. */
  readonly startedAt: number | null;
  /** When it completed (phase Succeeded or Failed); null while it has not, also when the time is unknown. */
  readonly completedAt: number | null;
  readonly isCompleted: boolean;
  /** Written by a kubelet for a manifest on its node (annotation `kubernetes.io/config.mirror`). */
  readonly isMirror: boolean;
}

/** What is kept of a node. */
export interface WatchedNode {
  readonly name: string;
  /** IP addresses and host names other than its name. */
  readonly addresses: readonly string[];
  /** `Ready`, `NotReady` or `Unknown`, with `,SchedulingDisabled` after it as kubectl writes it. */
  readonly status: string;
}
