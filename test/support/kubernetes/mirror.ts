import { SystemClock } from '../../../src/common/clock.js';
import { findCluster } from '../../../src/pods/kubernetes/client/kube-config.js';
import { KubernetesApi } from '../../../src/pods/kubernetes/client/kubernetes-api.js';
import { Reflector, type ReflectorOptions } from '../../../src/pods/kubernetes/client/reflector.js';
import { PODS } from '../../../src/pods/kubernetes/client/resource-path.js';
import type { KubernetesStandIn } from './stand-in.js';

/** What a mirror keeps of an object. */
export interface Mirrored {
  readonly key: string;
  readonly version: string;
}

/** A client of the stand-in, by its own kubeconfig. */
export async function apiOf(standIn: KubernetesStandIn, requestTimeout?: number): Promise<KubernetesApi> {
  return apiAt(standIn.kubeconfig(), requestTimeout);
}

/** A client of what a kubeconfig's text names. */
export async function apiAt(kubeconfig: string, requestTimeout = 5_000): Promise<KubernetesApi> {
  const settings = { mode: 'kubeconfig', kubeconfig: '/config', context: undefined } as const;
  const files = { home: '/', exists: () => true, read: () => kubeconfig };
  const cluster = await findCluster({ ...settings, serviceHost: undefined, servicePort: undefined }, files);
  if (cluster === undefined) throw new Error('The kubeconfig names no cluster');
  return new KubernetesApi(cluster, { requestTimeout });
}

/** Keeps what a reflector tells of pods, the way the database does, and sees to it that it tells one thing at a time. */
export class Mirror {
  readonly objects = new Map<string, Mirrored>();
  readonly states: string[] = [];
  readonly reflector: Reflector<Mirrored>;
  /** Awaited in each call about objects. */
  gate: Promise<void> = Promise.resolve();
  changes = 0;
  overlaps = 0;
  private calls = 0;
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  constructor(
    private readonly api: KubernetesApi,
    options: Partial<ReflectorOptions<Mirrored>> = {},
  ) {
    this.reflector = new Reflector({
      api,
      resource: PODS,
      project: mirrored,
      handler: {
        listed: (objects) => this.alone(() => objects.map((object) => this.objects.set(object.key, object))),
        listEnd: (_, keys) =>
          this.alone(() => [...this.objects.keys()].map((key) => keys.has(key) || this.objects.delete(key))),
        changed: (event, object) =>
          this.alone(() => {
            this.changes++;
            if (event === 'delete') this.objects.delete(object.key);
            else this.objects.set(object.key, object);
          }),
        state: ({ state }) => this.alone(() => this.states.push(state)),
      },
      pageSize: 3,
      watchTimeout: 60_000,
      relistInterval: 3_600_000,
      forbiddenInterval: 5,
      backoff: { base: 1, max: 4 },
      clock: new SystemClock(),
      ...options,
    });
  }

  /** Starts to follow the cluster. */
  start(): this {
    this.running = this.reflector.run(this.stopping.signal);
    return this;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
    await this.api.close();
  }

  /** Versions by UID. */
  content(): Record<string, string> {
    return Object.fromEntries([...this.objects.values()].map(({ key, version }) => [key, version] as const).sort());
  }

  private async alone(work: () => unknown): Promise<void> {
    if (this.calls++ > 0) this.overlaps++;
    await this.gate;
    work();
    this.calls--;
  }
}

function mirrored(raw: unknown): Mirrored | undefined {
  const { metadata } = raw as { metadata?: { uid?: string; resourceVersion?: string } };
  if (metadata?.uid === undefined) return undefined;
  return { key: metadata.uid, version: metadata.resourceVersion ?? '' };
}
