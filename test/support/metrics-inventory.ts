import type { EnrichmentRules } from '../../src/metrics/core/enrichment-rules.js';
import { InventoryIndex } from '../../src/pods/core/inventory-index.js';
import type {
  DeviceBindingRow,
  InventoryRows,
  NodeRow,
  PodRow,
  WorkloadRow,
} from '../../src/pods/core/inventory-rows.js';
import { Stamps } from '../../src/pods/core/stamps.js';

export const GRACE = 300_000;

/** Rules as the default configuration has them. */
export const RULES: EnrichmentRules = {
  nodeLabels: [
    'primus_lens_node_name',
    'node',
    'node_name',
    'kubernetes_node',
    'hostname',
    'Hostname',
    'nic_hostname',
    'exported_node',
    'instance',
  ],
  devices: [
    {
      deviceClass: 'gpu',
      labels: ['gpu_id', 'gpu', 'GPU'],
      families: ['gpu_', 'amd_gpu_', 'amd_', 'DCGM_', 'nvidia_', 'rocm_'],
      uuidLabels: ['UUID', 'uuid', 'gpu_uuid', 'serial_number'],
    },
    {
      deviceClass: 'rdma',
      labels: ['device', 'rdma_if_name', 'rdma_dev_name'],
      families: ['node_infiniband_', 'infiniband_', 'rdma_', 'ib_'],
      uuidLabels: [],
    },
    { deviceClass: 'asic', labels: ['asic'], families: ['asic_', 'gaudi_', 'habanalabs_'], uuidLabels: [] },
  ],
  exporterPodLabels: ['primus_lens_source_pod_name'],
  graceMs: GRACE,
  maxWorkloadsPerPod: 16,
  namePrefix: 'workload_',
  job: 'primus-lens-telemetry-processor',
  forwardUnmatched: false,
  learnDevices: true,
};

/** A pod `namespace/name` whose uid is its name unless stated. */
export function pod(path: string, fields: Partial<PodRow> = {}): PodRow {
  const [namespace = '', name = ''] = path.split('/');
  return {
    uid: name,
    name,
    namespace,
    nodeName: 'n1',
    podIp: null,
    startedAt: null,
    endedAt: null,
    ownersKnown: true,
    ...fields,
  };
}

export function node(name: string, ...addresses: string[]): NodeRow {
  return { name, addresses, removedAt: null };
}

/** A workload `namespace/name` whose uid is its name. */
export function workload(path: string, kind = 'PyTorchJob'): WorkloadRow {
  const [namespace = '', name = ''] = path.split('/');
  return { uid: name, name, namespace, kind, removedAt: null };
}

/** A device `node/key` of a kind, held by a pod. */
export function held(path: string, podUid: string | null, fields: Partial<DeviceBindingRow> = {}): DeviceBindingRow {
  const [node = '', key = ''] = path.split('/');
  const kind = fields.kind ?? 'gpu';
  return {
    id: `${path}/${kind}/${podUid ?? ''}/${fields.boundAt ?? ''}`,
    node,
    kind,
    key,
    uuid: null,
    serial: null,
    podUid,
    boundAt: null,
    releasedAt: null,
    withdrawn: false,
    learned: false,
    ...fields,
  };
}

/** What an inventory is made of; `owners` are pairs `podUid: workloadUids`. */
export interface InventorySpec {
  readonly nodes?: readonly NodeRow[];
  readonly pods?: readonly PodRow[];
  readonly workloads?: readonly WorkloadRow[];
  readonly owners?: Readonly<Record<string, readonly string[]>>;
  readonly bindings?: readonly DeviceBindingRow[];
}

export function toRows({
  nodes = [],
  pods = [],
  workloads = [],
  owners = {},
  bindings = [],
}: InventorySpec): InventoryRows {
  const podWorkloads = Object.entries(owners).flatMap(([podUid, uids]) =>
    uids.map((workloadUid) => ({ podUid, workloadUid, removedAt: null })),
  );
  return { nodes, workloads, pods, podWorkloads, bindings };
}

/** An inventory in memory with its stamps. */
export function inventory(spec: InventorySpec): InventoryIndex & { readonly stamps: Stamps } {
  const stamps = new Stamps();
  const index = new InventoryIndex(stamps);
  index.apply(toRows(spec));
  return Object.assign(index, { stamps });
}
