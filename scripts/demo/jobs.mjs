/** What can run on the simulated cluster: the workloads of a job and the pods they consist of. */

/**
 * @typedef {object} Workload
 * @property {string} uid
 * @property {string} name
 * @property {string} namespace
 * @property {string} kind
 *
 * @typedef {object} Pod
 * @property {string} uid
 * @property {string} name
 * @property {string} namespace
 * @property {string} ip
 * @property {string} container
 * @property {string[]} workloads UIDs; none for a bare pod
 * @property {number[]} gpus numbers on its node
 * @property {string[]} rdma names on its node
 * @property {import('./nodes.mjs').Node} [node]
 *
 * @typedef {object} Job
 * @property {string} kind
 * @property {string} title as the console shows it
 * @property {Workload[]} workloads outermost first
 * @property {Pod[]} pods
 * @property {number} endsAt tick
 * @property {boolean} outOfMemory how it ends
 */

const MODELS = ['llama3-8b', 'llama3-70b', 'qwen3-32b', 'mixtral-8x7b', 'deepseek-v3', 'gpt-oss-20b'];
const TEAMS = ['ml', 'research'];

/** Shapes of jobs: pods, GPUs of each, and whether a pod gets the RDMA devices of its node. */
const SHAPES = {
  'SaFE training': { pods: [1, 2, 2], gpus: [4, 4, 8], rdma: true },
  Deployment: { pods: [1, 2, 3], gpus: [1, 2], rdma: false },
  'bare pod': { pods: [1], gpus: [1, 2], rdma: false },
};

/**
 * What the next job wants; where it goes is not decided yet.
 * @param {import('./random.mjs').Random} random
 */
export function nextRequest(random) {
  const kind = random.pick(['SaFE training', 'SaFE training', 'Deployment', 'bare pod']);
  const shape = SHAPES[kind];
  return {
    kind,
    name: `${random.pick(MODELS)}-${random.suffix()}`,
    namespace: random.pick(TEAMS),
    pods: random.pick(shape.pods),
    gpus: random.pick(shape.gpus),
    rdma: shape.rdma,
    ticks: random.whole(20, 60),
    outOfMemory: random.next() < 0.15,
  };
}

/** The job that runs from the first tick to the last, so that there is always something to look at. */
export const STEADY_REQUEST = {
  kind: 'SaFE training',
  name: 'llama3-70b-pretrain',
  namespace: 'ml',
  pods: 2,
  gpus: 4,
  rdma: true,
  ticks: Infinity,
  outOfMemory: false,
};

/**
 * The workloads of a job, outermost first: a training job of SaFE is a Workload that owns a PyTorchJob.
 * @returns {Workload[]}
 */
export function workloadsOf({ kind, name, namespace }, run) {
  const common = { name, namespace };
  if (kind === 'SaFE training') {
    return [
      { ...common, uid: `safe-${name}-${run}`, kind: 'Workload' },
      { ...common, uid: `pytorch-${name}-${run}`, kind: 'PyTorchJob' },
    ];
  }
  return kind === 'Deployment' ? [{ ...common, uid: `deploy-${name}-${run}`, kind: 'Deployment' }] : [];
}

/** Name of a job's pod as its owner would generate it. */
export function podName({ kind, name }, index, random) {
  if (kind === 'SaFE training') return index === 0 ? `${name}-master-0` : `${name}-worker-${index - 1}`;
  return kind === 'Deployment' ? `${name}-6f9c7d5b84-${random.suffix()}` : name;
}
