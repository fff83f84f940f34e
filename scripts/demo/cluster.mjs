import { nextRequest, podName, STEADY_REQUEST, workloadsOf } from './jobs.mjs';
import { createNodes } from './nodes.mjs';

const MAX_JOBS = 6;
/** Chance of a new job in a tick (1 s). */
const ARRIVAL = 0.2;

/** The simulated cluster. It knows no clock: time goes on by `tick`. */
export class Cluster {
  /** @type {import('./jobs.mjs').Job[]} */
  jobs = [];
  #random;
  #run;
  #tick = 0;
  #podCount = 0;

  /**
   * @param {import('./random.mjs').Random} random
   * @param {string} run makes UIDs of this run different from those of earlier ones
   */
  constructor(random, run) {
    this.#random = random;
    this.#run = run;
    const { nodes, workloads } = createNodes(random, run);
    this.nodes = nodes;
    this.daemonSets = workloads;
    this.start(STEADY_REQUEST);
  }

  /** Lets a second pass. Returns the jobs that started and ended. */
  tick() {
    this.#tick += 1;
    const ended = this.jobs.filter(({ endsAt }) => endsAt <= this.#tick);
    this.jobs = this.jobs.filter((job) => !ended.includes(job));
    const wantsMore = this.#random.next() < ARRIVAL && this.jobs.length < MAX_JOBS;
    const job = wantsMore ? this.start(nextRequest(this.#random)) : undefined;
    return { started: job === undefined ? [] : [job], ended };
  }

  /** Starts a job when the machines of one exporter have room for all of its pods. */
  start(request) {
    const places = this.#place(request);
    if (places === undefined) return undefined;
    const workloads = workloadsOf(request, this.#run);
    const pods = places.map((place, index) => {
      // Only one pod on a machine gets its RDMA devices: they are not shared here.
      const isFirst = places.findIndex(({ node }) => node === place.node) === index;
      const rdma = request.rdma && isFirst && !this.#rdmaIsHeld(place.node) ? [...place.node.rdma] : [];
      return this.#createPod(request, workloads, { ...place, rdma }, index);
    });
    const { kind, name, namespace, outOfMemory } = request;
    const job = {
      kind,
      title: `${namespace}/${name}`,
      workloads,
      pods,
      endsAt: this.#tick + request.ticks,
      outOfMemory,
    };
    this.jobs.push(job);
    return job;
  }

  /** All pods that run, those of the exporters too, each with its node. */
  pods() {
    const exporters = this.nodes.map((node) => ({ ...node.exporterPod, node }));
    return [...exporters, ...this.jobs.flatMap(({ pods }) => pods)];
  }

  /** The pod that holds a GPU. */
  holderOf(node, gpu) {
    return this.jobs.flatMap(({ pods }) => pods).find((pod) => pod.node === node && pod.gpus.includes(gpu));
  }

  get gpusInUse() {
    return this.jobs.flatMap(({ pods }) => pods).reduce((sum, { gpus }) => sum + gpus.length, 0);
  }

  get gpus() {
    return this.nodes.reduce((sum, { gpus }) => sum + gpus.length, 0);
  }

  #place({ pods, gpus }) {
    for (const exporter of ['amd', 'dcgm']) {
      const nodes = this.nodes.filter((node) => node.exporter === exporter);
      const free = new Map(nodes.map((node) => [node, this.#freeGpus(node)]));
      const places = [];
      for (let index = 0; index < pods; index++) {
        const candidates = nodes.filter((node) => free.get(node).length >= gpus);
        // The emptiest machine first, so that jobs spread.
        const node = candidates.sort((a, b) => free.get(b).length - free.get(a).length)[0];
        if (node !== undefined) places.push({ node, gpus: free.get(node).splice(0, gpus) });
      }
      if (places.length === pods) return places;
    }
    return undefined;
  }

  #freeGpus(node) {
    return node.gpus.map(({ no }) => no).filter((no) => this.holderOf(node, no) === undefined);
  }

  #rdmaIsHeld(node) {
    return this.jobs.some(({ pods }) => pods.some((pod) => pod.node === node && pod.rdma.length > 0));
  }

  #createPod(request, workloads, place, index) {
    const { node } = place;
    this.#podCount += 1;
    return {
      uid: `pod-${this.#podCount}-${this.#run}`,
      name: podName(request, index, this.#random),
      namespace: request.namespace,
      ip: `10.1.${this.nodes.indexOf(node)}.${10 + (this.#podCount % 240)}`,
      container: request.kind === 'SaFE training' ? 'pytorch' : 'main',
      workloads: workloads.map(({ uid }) => uid),
      ...place,
    };
  }
}
