/** The cluster that the end-to-end tests speak of, and what its exporters say. */
import type { Exporter, Labels } from './e2e-exporter.js';
import type { ScrapeTarget } from './e2e-stack.js';

export const JOB = 'primus-lens-telemetry-processor';

export const AMD_NODE = 'gpu-node-01';
export const NVIDIA_NODE = 'gpu-node-02';
export const NVIDIA_UUID = 'GPU-604ac76c-d9cf-fef3-62e9-d92044ab6e52';

const NODES = [
  { name: AMD_NODE, address: '10.0.0.1', status: 'Ready' },
  { name: NVIDIA_NODE, address: '10.0.0.2', status: 'Ready' },
];

const WORKLOADS = [
  { uid: 'wl-outer', name: 'llama3-70b', namespace: 'ml', kind: 'Workload', status: 'Running' },
  { uid: 'wl-inner', name: 'llama3-70b-job', namespace: 'ml', kind: 'PyTorchJob', status: 'Running' },
  { uid: 'wl-eval', name: 'eval', namespace: 'research', kind: 'Job', status: 'Running' },
];

const TRAIN_POD = {
  ...{ uid: 'pod-train', name: 'llama3-70b-worker-0', namespace: 'ml', node_name: AMD_NODE, phase: 'Running' },
  ...{ pod_ip: '10.1.0.5', workload_uids: ['wl-outer', 'wl-inner'] },
};
const EVAL_POD = {
  ...{ uid: 'pod-eval', name: 'eval-x7k2p', namespace: 'research', node_name: NVIDIA_NODE, phase: 'Running' },
  ...{ pod_ip: '10.1.0.6', workload_uids: ['wl-eval'] },
};

/** GPUs 0 and 1 of the AMD node are held by a pod of two nested workloads, GPU 0 of the NVIDIA node by one of a single workload. */
export const INVENTORY = {
  nodes: NODES,
  workloads: WORKLOADS,
  pods: [
    { ...TRAIN_POD, devices: [0, 1].map((no) => ({ type: 'gpu', no, name: `card${no}` })) },
    { ...EVAL_POD, devices: [{ type: 'gpu', no: 0, name: 'nvidia0', uuid: NVIDIA_UUID }] },
  ],
};

/** GPU 0 of the AMD node has moved to a new pod of the other workload; the rest is as before. */
export const MOVED_INVENTORY = {
  nodes: NODES,
  workloads: WORKLOADS,
  pods: [
    { ...TRAIN_POD, devices: [{ type: 'gpu', no: 1, name: 'card1' }] },
    {
      ...{ uid: 'pod-eval-2', name: 'eval-9qq4z', namespace: 'research', node_name: AMD_NODE, phase: 'Running' },
      ...{ pod_ip: '10.1.0.7', workload_uids: ['wl-eval'], devices: [{ type: 'gpu', no: 0, name: 'card0' }] },
    },
    { ...EVAL_POD, devices: [{ type: 'gpu', no: 0, name: 'nvidia0', uuid: NVIDIA_UUID }] },
  ],
};

export const TRAIN_POD_LABELS = { pod_name: TRAIN_POD.name, pod_uid: TRAIN_POD.uid };
export const EVAL_POD_LABELS = { pod_name: EVAL_POD.name, pod_uid: EVAL_POD.uid };

/** The labels that the enriched series of a workload carry, pods apart. */
export function workloadLabels(uid: string): Labels {
  const workload = WORKLOADS.find((candidate) => candidate.uid === uid);
  if (workload === undefined) throw new Error(`there is no workload ${uid}`);
  const { name, namespace, kind } = workload;
  return { workload_uid: uid, workload_name: name, workload_namespace: namespace, workload_kind: kind };
}

/** Labels of AMD's device-metrics-exporter for a GPU that it knows no pod of: those labels are there, and empty. */
export function amdLabels(gpu: number): Labels {
  return {
    gpu_id: String(gpu),
    ...{ serial_number: `69235240${gpu}`, card_model: 'MI300X', gpu_partition_id: '0', hostname: AMD_NODE },
    ...{ gpu_compute_partition_type: 'spx', gpu_memory_partition_type: 'nps1', deployment_mode: 'k8s' },
    ...{ pod: '', namespace: '', container: '', job_id: '', job_user: '' },
  };
}

/** Labels of NVIDIA's dcgm-exporter. It names the holder as `pod`, which the scraper renames to `exported_pod`. */
export function dcgmLabels(gpu: number, holder?: { pod: string; namespace: string; container: string }): Labels {
  return {
    gpu: String(gpu),
    ...{
      UUID: gpu === 0 ? NVIDIA_UUID : `GPU-other-${gpu}`,
      device: `nvidia${gpu}`,
      modelName: 'NVIDIA H100 80GB HBM3',
    },
    ...{ Hostname: NVIDIA_NODE, pci_bus_id: `00000000:0${gpu}:00.0` },
    ...(holder ?? { pod: '', namespace: '', container: '' }),
  };
}

export const EVAL_HOLDER = { pod: EVAL_POD.name, namespace: EVAL_POD.namespace, container: 'main' };

/** The scrape counter, shown as a series of GPU 1 of the AMD node. */
export const COUNTER = 'gpu_scrapes_total';
export const COUNTER_LABELS = amdLabels(1);

/** Scraped as the charts of the exporters have it: AMD's with honored labels, dcgm-exporter without; both run as pods themselves. */
export function amdTarget(exporter: Exporter): ScrapeTarget {
  const labels = { pod: 'amd-exporter-lqz8d', namespace: 'kube-amd-gpu', container: 'metrics-exporter' };
  return { job: 'amd-device-metrics-exporter', target: exporter.target, honorLabels: true, labels };
}

export function dcgmTarget(exporter: Exporter): ScrapeTarget {
  const labels = { pod: 'dcgm-exporter-78z52', namespace: 'monitoring', container: 'exporter' };
  return { job: 'dcgm-exporter', target: exporter.target, labels };
}
