import { suffix } from './chains.js';
import { DEPLOYMENT, JOB, type Kind, NODE, POD, PYTORCH_JOB, REPLICA_SET } from './kinds.js';
import { object } from './objects.js';
import { type SeedTemplates, seedTemplates } from './seed-templates.js';
import { type ObjectTemplate, SeededObject, type SeedValues } from './seeded-object.js';
import type { KubernetesStandIn } from './stand-in.js';
import { timestamp } from './store.js';

export interface SeedOptions {
  readonly nodes: number;
  readonly pods: number;
  /** 8 when missing. */
  readonly gpusPerNode?: number;
  /** `amd.com/gpu` when missing. */
  readonly gpuResource?: string;
  /** Over how many namespaces the pods are spread; 20 when missing. */
  readonly namespaces?: number;
}

/** Pods of one controller, by turns over a cluster. */
const SHAPES = [
  { controller: PYTORCH_JOB, pods: 16, share: 5 },
  { controller: REPLICA_SET, pods: 10, share: 3 },
  { controller: JOB, pods: 4, share: 2 },
] as const;

const PLAN = SHAPES.flatMap((shape) => Array.from({ length: shape.share }, () => shape));

/**
 * Fills a stand-in with a training cluster: half of the workloads PyTorchJobs, the rest Deployments and Jobs, every
 * third Job with succeeded pods. Same options, same names and UIDs.
 */
export function seedCluster(standIn: KubernetesStandIn, options: SeedOptions): SeededCluster {
  standIn.defineKind(PYTORCH_JOB);
  return new SeededCluster(standIn, options);
}

/** A seeded cluster, which can be kept changing. */
export class SeededCluster {
  private readonly templates: SeedTemplates;
  private readonly created = timestamp();
  private readonly namespaces: number;
  private readonly live: SeededObject[] = [];
  private made = 0;
  private owners = 0;
  private random = 1;
  private churned = 0;

  /** For {@link seedCluster}. */
  constructor(
    private readonly standIn: KubernetesStandIn,
    private readonly options: SeedOptions,
  ) {
    this.templates = seedTemplates(options.gpusPerNode ?? 8, options.gpuResource ?? 'amd.com/gpu');
    this.namespaces = options.namespaces ?? 20;
    this.seedPlaces();
    for (let index = 0; this.live.length < options.pods; index += 1) this.seedWorkload(index);
  }

  /** Pods that exist now. */
  get pods(): number {
    return this.live.length;
  }

  /** Changes pods, `count` times: of five changes three modify one, one deletes one and one creates another. */
  change(count: number): void {
    for (let index = 0; index < count; index += 1) this.changeOne();
  }

  /** Changes pods all the time until the returned function is called. */
  churn(ratePerMinute: number): () => void {
    const start = performance.now();
    let done = 0;
    const timer = setInterval(() => {
      const due = Math.floor(((performance.now() - start) * ratePerMinute) / 60_000);
      this.change(due - done);
      done = due;
    }, 20).unref();
    return () => {
      clearInterval(timer);
    };
  }

  private seedPlaces(): void {
    for (let index = 0; index < this.namespaces; index += 1) {
      this.standIn.apply(object({ ...NODE, kind: 'Namespace', plural: 'namespaces' }, namespaceName(index)));
    }
    for (let index = 0; index < this.options.nodes; index += 1) {
      this.put(NODE, this.templates.node, {
        namespace: '',
        name: nodeName(index),
        uid: uid(1, index),
        ip: address(10, index),
      });
    }
  }

  private seedWorkload(index: number): void {
    const { controller, pods } = PLAN[index % PLAN.length]!;
    const namespace = namespaceName(index % this.namespaces);
    const name = `${controller.kind.toLowerCase()}-${index}`;
    const owner =
      controller === REPLICA_SET
        ? this.seedDeployment(namespace, `deployment-${index}`)
        : this.seedOwner(controller, namespace, name);
    const template =
      controller === JOB && index % 3 === 0
        ? this.templates.succeeded
        : this.templates.running[controller.kind as 'Job'];
    const count = Math.min(pods, this.options.pods - this.live.length);
    for (let place = 0; place < count; place += 1) this.live.push(this.seedPod(template, owner));
  }

  private seedDeployment(namespace: string, name: string): SeededObject {
    const deployment = this.seedOwner(DEPLOYMENT, namespace, name);
    return this.seedOwner(REPLICA_SET, namespace, `${name}-7c5ddbdf54`, deployment);
  }

  private seedOwner(kind: Kind, namespace: string, name: string, above?: SeededObject): SeededObject {
    const template = this.templates.owners[kind.kind as 'Job'];
    const owner = above?.name ?? name;
    const values = { namespace, name, uid: uid(2, this.owners++), owner, ownerUid: above?.uid ?? '' };
    return this.put(kind, template, values);
  }

  private seedPod(template: ObjectTemplate, owner: Pick<SeededObject, 'namespace' | 'name' | 'uid'>): SeededObject {
    const index = this.made++;
    return this.put(POD, template, {
      namespace: owner.namespace,
      name: `${owner.name}-${suffix(index)}`,
      uid: uid(3, index),
      owner: owner.name,
      ownerUid: owner.uid,
      node: nodeName(index % Math.max(1, this.options.nodes)),
      ip: address(11, index),
    });
  }

  private put(
    kind: Kind,
    template: ObjectTemplate,
    values: Partial<SeedValues> & Pick<SeedValues, 'namespace' | 'name' | 'uid'>,
  ) {
    const fillers = { owner: '', ownerUid: '', node: '', ip: '', created: this.created, change: '0' };
    const seeded = new SeededObject(template, { ...fillers, ...values });
    this.standIn.store.put(kind, seeded);
    return seeded;
  }

  private changeOne(): void {
    const turn = this.churned++ % 5;
    const place = this.pick();
    const pod = this.live[place];
    if (pod === undefined) return;
    const { values, template } = pod;
    if (turn === 4) {
      this.live.push(this.seedPod(template, { namespace: values.namespace, name: values.owner, uid: values.ownerUid }));
    } else if (turn === 3) {
      this.standIn.store.delete(POD, values.namespace, values.name);
      this.live[place] = this.live.at(-1)!;
      this.live.pop();
    } else {
      const changed = new SeededObject(template, { ...values, change: String(this.churned) });
      this.standIn.store.put(POD, changed);
      this.live[place] = changed;
    }
  }

  /** A place among the live pods; the same sequence every time. */
  private pick(): number {
    this.random = (this.random * 48_271) % 2_147_483_647;
    return this.random % Math.max(1, this.live.length);
  }
}

export function nodeName(index: number): string {
  return `gpu-node-${String(index).padStart(5, '0')}`;
}

function namespaceName(index: number): string {
  return `team-${index}`;
}

function uid(space: number, index: number): string {
  return `${space.toString(16).padStart(8, '0')}-0000-4000-8000-${index.toString(16).padStart(12, '0')}`;
}

function address(first: number, index: number): string {
  return `${first}.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
}
