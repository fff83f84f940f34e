/** The simulated machines: two with AMD's device-metrics-exporter, two with dcgm-exporter. */

const GPUS = 8;
const RDMA_DEVICES = 2;

/**
 * @typedef {object} Gpu
 * @property {number} no
 * @property {string} serial
 * @property {string} uuid
 *
 * @typedef {object} Node
 * @property {string} name
 * @property {string} address
 * @property {'amd' | 'dcgm'} exporter
 * @property {'Hostname' | 'hostname'} hostLabel how its GPU exporter spells the label; dcgm-exporter renamed it in 2026
 * @property {Gpu[]} gpus
 * @property {string[]} rdma
 * @property {import('./jobs.mjs').Pod} exporterPod
 */

/** @type {readonly Pick<Node, 'name' | 'address' | 'exporter' | 'hostLabel'>[]} */
const MACHINES = [
  { name: 'gpu-amd-01', address: '10.0.0.11', exporter: 'amd', hostLabel: 'hostname' },
  { name: 'gpu-amd-02', address: '10.0.0.12', exporter: 'amd', hostLabel: 'hostname' },
  { name: 'gpu-nv-01', address: '10.0.0.21', exporter: 'dcgm', hostLabel: 'Hostname' },
  { name: 'gpu-nv-02', address: '10.0.0.22', exporter: 'dcgm', hostLabel: 'hostname' },
];

const DAEMON_SETS = {
  amd: { name: 'device-metrics-exporter', port: 5000 },
  dcgm: { name: 'dcgm-exporter', port: 9400 },
};

/**
 * @param {import('./random.mjs').Random} random
 * @param {string} run makes UIDs of this run different from those of earlier ones
 */
export function createNodes(random, run) {
  const workloads = Object.fromEntries(
    Object.entries(DAEMON_SETS).map(([exporter, { name }]) => [
      exporter,
      { uid: `ds-${exporter}-${run}`, name, namespace: 'monitoring', kind: 'DaemonSet' },
    ]),
  );
  const nodes = MACHINES.map((machine, index) => createNode(machine, index, random, { run, workloads }));
  return { nodes, workloads: Object.values(workloads) };
}

/** Port that the node's GPU exporter is scraped at. */
export function exporterPort({ exporter }) {
  return DAEMON_SETS[exporter].port;
}

function createNode(machine, index, random, { run, workloads }) {
  const { name, exporter } = machine;
  const workload = workloads[exporter];
  const rdmaName = exporter === 'amd' ? 'rdma' : 'mlx5_';
  return {
    ...machine,
    gpus: Array.from({ length: GPUS }, (_, no) => ({
      no,
      serial: `6922${index}0${no}`,
      uuid: `GPU-0000${index}00${no}-cafe`,
    })),
    rdma: Array.from({ length: RDMA_DEVICES }, (_, no) => `${rdmaName}${no}`),
    exporterPod: {
      uid: `exporter-${name}-${run}`,
      name: `${workload.name}-${random.suffix()}`,
      namespace: 'monitoring',
      ip: `10.1.${index}.2`,
      container: 'exporter',
      workloads: [workload.uid],
      gpus: [],
      rdma: [],
    },
  };
}
