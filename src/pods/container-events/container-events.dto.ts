/** A container event of either source. */
export class ContainerEventDto {
  /**
   * `snapshot` says everything about its container: devices it does not list are released. `created`, `started`, `running`,
   * `exit`, `exited`, `die`, `stop`, `oom`, `deleted`, `destroyed` and the like move it on; any other word goes by the status
   * in the data.
   * @example 'snapshot'
   */
  type!: string;
  source!: 'k8s' | 'docker';
  /** @example 'gpu-node-01' */
  node!: string;
  /**
   * With or without the runtime's prefix.
   * @example 'containerd://0f3c9a'
   */
  container_id!: string;
  /**
   * When it happened: ISO 8601, or s, ms, µs or ns since the epoch. Events that are older than what is known change nothing.
   * @example '2026-11-01T08:00:00Z'
   */
  timestamp?: string;
  /**
   * Of `k8s`: `pod_name`, `pod_namespace`, `pod_uuid`, `status`, `created_at` (ns), `exit_code`, `exit_time`, `oom_killed`,
   * `devices: {gpu: […], infiniband: […]}`. Of `docker`: `id`, `name`, `status`, `start_at`, `devices: […]`.
   * @example { "pod_name": "worker-0", "pod_namespace": "ml", "pod_uuid": "pod-1", "status": "running", "created_at": 1793520000000000000, "devices": { "gpu": [{ "name": "card0", "id": 0, "serial": "692251001124" }] } }
   */
  data?: Record<string, unknown>;
}

/** Several events, handled in their order. */
export class ContainerEventBatchDto {
  events!: ContainerEventDto[];
}

/** What became of the event: `repeated` and `stale` ones change nothing, as they should. */
export class ContainerEventResultDto {
  status!: 'ok' | 'error';
  outcome?: 'applied' | 'repeated' | 'stale';
}

/** One wrong field. */
export class ContainerEventProblemDto {
  /** @example 'container_id' */
  field!: string;
  /** @example 'is required: a non-empty string' */
  message!: string;
}

/** What became of an event of a batch. */
export class BatchedEventResultDto extends ContainerEventResultDto {
  /** Place of the event in the batch, from 0. */
  index!: number;
  /**
   * The first thing that is wrong with it.
   * @example 'container_id is required: a non-empty string'
   */
  error?: string;
  errors?: ContainerEventProblemDto[];
}

/** What became of a batch. */
export class ContainerEventBatchResultDto {
  /** @example 1 */
  processed!: number;
  /** @example 0 */
  failed!: number;
  results!: BatchedEventResultDto[];
}
