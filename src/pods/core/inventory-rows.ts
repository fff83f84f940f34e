/** What a device is. Infiniband and RDMA devices share one name space on a node. */
export type DeviceKind = 'gpu' | 'infiniband' | 'rdma' | 'asic';

/** The name spaces device keys live in; each belongs to one label of the exporters. */
export type DeviceClass = 'gpu' | 'rdma' | 'asic';

/** The label that carries a device's key in series and in `GET /v1/pods/cache` (original's names). */
export const DEVICE_LABEL: Readonly<Record<DeviceClass, string>> = { gpu: 'gpu_id', rdma: 'device', asic: 'asic' };

/** The name space a kind of device belongs to. */
export function deviceClass(kind: DeviceKind): DeviceClass {
  return kind === 'infiniband' ? 'rdma' : kind;
}

/** A cluster node as the inventory knows it. */
export interface NodeRow {
  name: string;
  /** IP addresses and host names by which exporters may name the node. */
  addresses: readonly string[];
  /** When the node left the inventory, ms; null while it is there. */
  removedAt: number | null;
}

/** A workload: the owner on whose behalf pods run. */
export interface WorkloadRow {
  uid: string;
  name: string;
  namespace: string;
  kind: string;
  removedAt: number | null;
}

/** A pod and the span of its life. */
export interface PodRow {
  uid: string;
  name: string;
  namespace: string;
  nodeName: string | null;
  podIp: string | null;
  /** ms; null when the start is unknown, which counts as “always”. */
  startedAt: number | null;
  /** When it was deleted or completed, ms; null while it lives. */
  endedAt: number | null;
  /** Whether its owners were looked up; such a pod without workloads is its own workload. */
  ownersKnown: boolean;
}

/** A pod belongs to a workload (its root or an ancestor on the way there). */
export interface PodWorkloadRow {
  podUid: string;
  workloadUid: string;
  removedAt: number | null;
}

/** A device is held by a pod over a span of time. */
export interface DeviceBindingRow {
  id: string;
  node: string;
  kind: DeviceKind;
  /** Device number of a GPU, device name of the others. */
  key: string;
  uuid: string | null;
  serial: string | null;
  /** Null when a container outside Kubernetes holds the device. */
  podUid: string | null;
  /** ms; null when the start is unknown, which counts as “always”. */
  boundAt: number | null;
  /** ms; null while held. */
  releasedAt: number | null;
  /** Whether the row was withdrawn (its writer took it back) rather than released. */
  withdrawn: boolean;
  /** Whether only the labels of an exporter's series say so. */
  learned: boolean;
}

/** A set of rows read from the inventory in one consistent snapshot. */
export interface InventoryRows {
  nodes: readonly NodeRow[];
  workloads: readonly WorkloadRow[];
  pods: readonly PodRow[];
  podWorkloads: readonly PodWorkloadRow[];
  bindings: readonly DeviceBindingRow[];
}
