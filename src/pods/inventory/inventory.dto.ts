/** A cluster node. */
export class InventoryNodeDto {
  /** @example 'gpu-node-01' */
  name!: string;
  /**
   * An address by which exporters may name the node in `instance`: an IP address or a host name, without port.
   * @example '10.0.0.1'
   */
  address?: string;
  /**
   * More IP addresses and host names.
   * @example ['10.0.0.1', 'gpu-node-01.example']
   */
  addresses?: string[];
  /** @example 'Ready' */
  status?: string;
}

/** What pods run for. */
export class InventoryWorkloadDto {
  /** @example 'wl-1' */
  uid!: string;
  /** @example 'llama3-70b' */
  name!: string;
  /** @example 'ml' */
  namespace?: string;
  /** @example 'PyTorchJob' */
  kind?: string;
  /** @example 'kubeflow.org' */
  api_group?: string;
  /** @example 'Running' */
  status?: string;
}

/** A device that a pod holds. */
export class InventoryDeviceDto {
  /** `ib` means `infiniband`. */
  type!: 'gpu' | 'infiniband' | 'ib' | 'rdma' | 'asic';
  /**
   * Number of a GPU, as in the label `gpu_id`. Without it the digits that the name ends with count.
   * @example 0
   */
  no?: number;
  /**
   * Name of the device; required of devices that are no GPUs.
   * @example 'card0'
   */
  name?: string;
  /** @example 'GPU-1' */
  uuid?: string;
  /** @example '692251001124' */
  serial?: string;
  /** @example '/dev/dri/renderD128' */
  path?: string;
  /** @example '0' */
  slot?: string;
  /**
   * Since when the pod holds the device (ISO 8601). Without it the first known holder counts as holding it always, and a
   * later one from the moment of this request.
   * @example '2026-11-01T08:00:00Z'
   */
  since?: string;
}

/** A pod. */
export class InventoryPodDto {
  /** @example 'pod-1' */
  uid!: string;
  /** @example 'worker-0' */
  name!: string;
  /** @example 'ml' */
  namespace!: string;
  /**
   * Required of a pod with devices.
   * @example 'gpu-node-01'
   */
  node_name?: string;
  /**
   * A pod that has `Succeeded` or `Failed` holds no devices any more.
   * @example 'Running'
   */
  phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';
  /**
   * An IP address.
   * @example '10.1.0.5'
   */
  pod_ip?: string;
  host_network?: boolean;
  /**
   * ISO 8601. Without it the pod counts as having been there always.
   * @example '2026-11-01T08:00:00Z'
   */
  started_at?: string;
  /**
   * Every workload the pod belongs to; a pod without any is its own workload.
   * @example ['wl-1']
   */
  workload_uids?: string[];
  /** Each device once. */
  devices?: InventoryDeviceDto[];
}

/** Everything there is; what an earlier body brought and this one leaves out has ended. */
export class InventoryBodyDto {
  nodes?: InventoryNodeDto[];
  workloads?: InventoryWorkloadDto[];
  pods?: InventoryPodDto[];
}

/** How many of each thing. */
export class InventoryCountsDto {
  /** @example 1 */
  nodes!: number;
  /** @example 1 */
  workloads!: number;
  /** @example 1 */
  pods!: number;
  /** @example 8 */
  devices!: number;
}

/** What the body brought. */
export class ReplacedInventoryDto extends InventoryCountsDto {
  /** What earlier bodies had brought and this one does not. */
  removed!: InventoryCountsDto;
}
