/** How the watch of one resource fares. Times in ms since the epoch, null for never. */
export interface ResourceSync {
  /** `nodes`, `pods`, or `pods/<namespace>`. */
  readonly resource: string;
  readonly state: 'listing' | 'watching' | 'waiting' | 'forbidden' | 'stopped';
  readonly objects: number;
  readonly resourceVersion: string | null;
  readonly listedAt: number | null;
  readonly lastEventAt: number | null;
  readonly lastWrittenAt: number | null;
  readonly restarts: number;
  readonly errors: number;
  readonly lastError: string | null;
  readonly lastErrorAt: number | null;
}

/** Whether owners of one kind can be read. */
export interface OwnerSync {
  /** With its group, e.g. `PyTorchJob.kubeflow.org`. */
  readonly kind: string;
  readonly state: 'readable' | 'forbidden' | 'unknown_kind' | 'failing';
  /** ms since the epoch. */
  readonly since: number | null;
  readonly lastError: string | null;
  readonly objects: number;
}

/** How far the watch of the cluster has got. Times in ms since the epoch, null for never. */
export interface KubernetesSync {
  readonly term: number;
  readonly leader: string | null;
  readonly leaderSince: number | null;
  /** When everything there is was in the inventory for the first time. */
  readonly firstSyncedAt: number | null;
  readonly updatedAt: number | null;
  readonly resources: readonly ResourceSync[];
  readonly owners: readonly OwnerSync[];
}
