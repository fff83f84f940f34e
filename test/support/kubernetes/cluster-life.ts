import { type Chain, deploymentChain, jobChain, pyTorchJobChain } from './chains.js';
import { object, node, pod } from './objects.js';
import { TRAIN_JOB } from './kinds.js';
import type { KubernetesObject } from './object.js';
import type { KubernetesStandIn } from './stand-in.js';

/** Pods there are at least and at most while a cluster lives, roughly. */
const FEWEST = 40;
const MOST = 90;
const NAMESPACES = ['ml', 'research'];
const NODES = ['gpu-1', 'gpu-2', 'gpu-3'];

type Deed = 'create' | 'delete' | 'complete' | 'replace' | 'change' | 'node';
const DEEDS: readonly Deed[] = ['create', 'create', 'delete', 'complete', 'replace', 'change', 'change', 'node'];

/** A cluster in which something happens all the time: the same things in the same order every time. */
export class ClusterLife {
  private readonly pods: KubernetesObject[] = [];
  private random: number;
  private made = 0;

  constructor(
    private readonly api: KubernetesStandIn,
    seed = 1,
  ) {
    this.random = seed;
    for (const name of NODES) api.apply(node(name));
    while (this.pods.length < FEWEST) this.create();
  }

  /** Changes something so many times. */
  change(count: number): void {
    for (let done = 0; done < count; done += 1) this.changeOne(this.pick(DEEDS));
  }

  /** Changes something every so many ms until the returned function is called. */
  run(interval = 15): () => void {
    const timer = setInterval(() => {
      this.change(1);
    }, interval).unref();
    return () => {
      clearInterval(timer);
    };
  }

  private create(): void {
    const chain = this.newChain(`w${(this.made += 1)}`);
    this.api.apply(...chain.all);
    this.pods.push(...chain.pods);
  }

  private newChain(name: string): Chain {
    const options = { namespace: this.pick(NAMESPACES), node: this.pick(NODES), pods: 1 + (this.next() % 3) };
    switch (this.made % 4) {
      case 0:
        return deploymentChain(name, options);
      case 1:
        return jobChain(name, options);
      case 2: {
        const train = object(TRAIN_JOB, `${name}-train`, options);
        const chain = pyTorchJobChain(name, { ...options, above: train });
        return { ...chain, all: [train, ...chain.all] };
      }
      default: {
        const pods = [pod(name, options)];
        return { owners: [], pods, all: pods };
      }
    }
  }

  private changeOne(deed: Deed): void {
    const { api, pods } = this;
    if (deed === 'node') {
      api.apply(node(this.pick(NODES), { ready: this.pick(['True', 'False']) }));
      return;
    }
    const room = deed === 'create' ? pods.length < MOST : pods.length > FEWEST;
    if (!room) return;
    if (deed === 'create') {
      this.create();
      return;
    }
    const place = this.next() % pods.length;
    const chosen = pods[place];
    if (chosen !== undefined) this.changePod(deed, chosen, place);
  }

  private changePod(deed: Exclude<Deed, 'create' | 'node'>, chosen: KubernetesObject, place: number): void {
    const { api, pods } = this;
    if (deed === 'change') {
      api.modify(chosen, (stored) => (stored.metadata.annotations = { change: String(this.next()) }));
    } else if (deed === 'replace') {
      const { uid, ...metadata } = chosen.metadata;
      const replacement = { ...chosen, metadata: { ...metadata, uid: `${uid ?? ''}-next` } };
      api.apply(replacement);
      pods[place] = replacement;
    } else {
      if (deed === 'delete') api.delete(chosen);
      else api.modify(chosen, (stored) => ((stored['status'] as Record<string, unknown>)['phase'] = 'Succeeded'));
      pods.splice(place, 1);
    }
  }

  private pick<T>(of: readonly T[]): T {
    return of[this.next() % of.length]!;
  }

  /** Lehmer's generator; its low bits are not random enough for small moduli. */
  private next(): number {
    this.random = (this.random * 48_271) % 2_147_483_647;
    return this.random >> 8;
  }
}
