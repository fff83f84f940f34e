/** How the watch of one resource fares. */
export class ResourceSyncDto {
  /** `nodes`, `pods`, or `pods/<namespace>`. @example 'pods' */
  resource!: string;
  /** `waiting` after an error, `forbidden` when the API server does not allow it. @example 'watching' */
  state!: 'listing' | 'watching' | 'waiting' | 'forbidden' | 'stopped';
  /** Objects there were in the last full list. @example 100000 */
  objects!: number;
  /** Where the watch goes on from. @example '81234567' */
  resource_version!: string | null;
  /** @example '2026-11-01T08:00:00.000Z' */
  last_listed_at!: string | null;
  /** @example '2026-11-01T08:12:09.120Z' */
  last_event_at!: string | null;
  /** When a change last stood in the database. @example '2026-11-01T08:12:09.260Z' */
  last_written_at!: string | null;
  /** Full lists after the first. @example 1 */
  restarts!: number;
  /** @example 0 */
  errors!: number;
  last_error!: string | null;
  last_error_at!: string | null;
}

/** Whether owners of one kind can be read. */
export class OwnerSyncDto {
  /** With its group. @example 'PyTorchJob.kubeflow.org' */
  kind!: string;
  /** @example 'readable' */
  state!: 'readable' | 'forbidden' | 'unknown_kind' | 'failing';
  /** @example '2026-11-01T08:00:00.000Z' */
  since!: string | null;
  last_error!: string | null;
  /** Owners of this kind that are known. @example 812 */
  objects!: number;
}

/** How far the watch of the cluster has got, whichever replica does it. */
export class SyncDto {
  /** As configured. @example 'auto' */
  mode!: 'auto' | 'in-cluster' | 'kubeconfig' | 'off';
  /** Whether this replica found a cluster to watch. */
  enabled!: boolean;
  /** URL of its API server. @example 'https://10.96.0.1:443' */
  server!: string | null;
  /** The replica that watches; null when none has given a sign of life for 20 s. @example 'telemetry-processor-0:1' */
  leader!: string | null;
  leader_since!: string | null;
  /** Whether that is the replica that answers. */
  is_leader!: boolean;
  /** Grows with each change of the leader. @example 3 */
  term!: number;
  /** Whether all that is watched has been listed and is being followed. */
  synced!: boolean;
  /** When that was so for the first time. */
  first_synced_at!: string | null;
  /** The leader's last sign of life. */
  updated_at!: string | null;
  /** For how long a change has been waiting to be written; 0 when none waits. @example 0 */
  lag_seconds!: number;
  resources!: ResourceSyncDto[];
  owners!: OwnerSyncDto[];
}
