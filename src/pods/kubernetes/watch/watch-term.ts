import { Logger } from '@nestjs/common';
import type { Clock } from '../../../common/clock.js';
import type { KubernetesConfig } from '../../../config/kubernetes.config.js';
import type { WatchedNode, WatchedPod } from '../../core/kubernetes/objects.js';
import { readNode, readPod } from '../../core/kubernetes/read-objects.js';
import type { KubernetesApi } from '../client/kubernetes-api.js';
import { Reflector, type ReflectorHandler } from '../client/reflector.js';
import { NODES, PODS, type ResourcePath } from '../client/resource-path.js';
import { OwnerCache } from '../owners/owner-cache.js';
import { Coalesced } from '../../cache/coalesced.js';
import { LeadershipLost } from '../writer/leadership-lost.js';
import type { ListedScope } from '../writer/kubernetes-batch.js';
import { BatchWriter } from './batch-writer.js';
import { ChainResolver } from './chain-resolver.js';
import type { KubernetesWatchMetrics } from './kubernetes-watch.metrics.js';
import { LivePods } from './live-pods.js';
import { OwnerFollower } from './owner-follower.js';
import { PendingChanges, type PendingChange } from './pending-changes.js';
import { persist } from './persist.js';
import { ResourceWatch } from './resource-watch.js';
import { TermReporter } from './term-reporter.js';
import type { TermStore } from './term-store.js';

/** So many pods without owners are resolved while others are still being listed: lists of owners are long, and memory is not. */
const RESOLVE_AT = 20_000;
/** When it is asked again for pods or nodes that may not be read, ms: without them there is nothing. */
const FORBIDDEN_INTERVAL = 10_000;

export interface WatchTermOptions {
  readonly api: KubernetesApi;
  readonly store: TermStore;
  readonly clock: Clock;
  readonly config: KubernetesConfig;
  readonly metrics: KubernetesWatchMetrics;
}

type Keyed<T> = T & { readonly key: string };

/** One term of a leader: watches the cluster and keeps the inventory as the cluster is. Made anew for each term. */
export class WatchTerm {
  private readonly logger = new Logger('KubernetesWatch');
  private readonly pending: PendingChanges;
  private readonly pods = new LivePods();
  private readonly cache: OwnerCache;
  private readonly resolver: ChainResolver;
  private readonly follower: OwnerFollower;
  private readonly resources: readonly ResourceWatch[];
  private readonly reporter: TermReporter;
  private readonly stopping = new AbortController();
  /** The namespaces are listed anew at the same time, and owners are read for all of them. */
  private readonly ownerRefresh = new Coalesced(() => this.cache.refresh(this.stopping.signal));
  private isMarkedSynced = false;

  constructor(private readonly options: WatchTermOptions) {
    const { api, clock, config } = options;
    this.pending = new PendingChanges(config.maxPending);
    this.cache = new OwnerCache({
      source: api,
      clock,
      logger: this.logger,
      podByUid: (uid) => this.pods.get(uid),
      platformLabels: config.workloadLabels,
      requests: config.ownerRequests,
      pageSize: config.pageSize,
      retryInterval: config.ownerRetryInterval,
      isScoped: config.namespaces.length > 0,
      onReadable: () => {
        this.follower.kindBecameReadable();
      },
    });
    this.resolver = new ChainResolver(this.cache, { platformLabels: config.workloadLabels });
    const { pending, resolver, pods, cache } = this;
    this.follower = new OwnerFollower({ cache, resolver, pods, pending, clock, isListing: () => this.isListing });
    const namespaces = config.namespaces.length === 0 ? [undefined] : config.namespaces;
    this.resources = [this.watchNodes(), ...namespaces.map((namespace) => this.watchPods(namespace))];
    const { store, metrics } = options;
    this.reporter = new TermReporter({ store, metrics, cache, resources: this.resources, pending, resolver });
  }

  /** Runs until the signal is aborted or another replica leads. Rejects when that is not why it ended. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = (): void => {
      this.stopping.abort(signal.reason);
    };
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    const until = this.stopping.signal;
    const { namespaces } = this.options.config;
    const parts = [
      ...this.resources.map((resource) => resource.run(until)),
      this.write(until),
      this.follower.run(until),
      this.reporter.run(until),
      ...(namespaces.length === 0 ? [] : [persist(() => this.options.store.withdrawUnwatched(namespaces), until)]),
    ];
    const ended = parts.map((part) =>
      part.catch((error: unknown) => {
        if (!until.aborted) this.stopping.abort(error);
      }),
    );
    await Promise.all(ended);
    signal.removeEventListener('abort', stop);
    const { reason } = until as { reason: unknown };
    if (signal.aborted) return;
    if (!(reason instanceof LeadershipLost)) throw reason;
    this.logger.warn('Another replica watches the cluster by now');
  }

  private get isListing(): boolean {
    return this.resources.some(({ isListing }) => isListing);
  }

  private write(signal: AbortSignal): Promise<void> {
    const { store, clock, config, metrics } = this.options;
    const writer = new BatchWriter({
      pending: this.pending,
      resolver: this.resolver,
      pods: this.pods,
      batchSize: config.batchSize,
      isListing: () => this.isListing,
      write: async (batch) => {
        const start = clock.now();
        await store.write(batch);
        metrics.wroteBatch(clock.now() - start);
      },
      written: (changes) => {
        this.wrote(changes);
      },
      refused: (change, error) => {
        metrics.refusedChange(change.kind);
        this.logger.error({ err: error, change }, 'The database does not take a change of the cluster; it is left out');
      },
    });
    return writer.run(signal);
  }

  private wrote(changes: readonly PendingChange[]): void {
    this.options.metrics.written(changes.map(({ kind }) => kind));
    const now = this.options.clock.now();
    const isPod = (change: PendingChange): boolean => 'pod' in change;
    for (const resource of this.resources) {
      if (changes.some((change) => isPod(change) === (resource.name !== 'nodes'))) resource.written(now);
    }
  }

  private watchNodes(): ResourceWatch {
    const handler = this.handler<WatchedNode>({ kind: 'nodes' }, 'nodes', (event, node) =>
      event === 'upsert' ? { kind: 'node', node } : { kind: 'node-removed', name: node.name },
    );
    const project = (raw: unknown): Keyed<WatchedNode> | undefined => {
      const node = readNode(raw);
      return node && { ...node, key: node.name };
    };
    return new ResourceWatch('nodes', this.reflector(NODES, undefined, project, handler));
  }

  private watchPods(namespace: string | undefined): ResourceWatch {
    const name = namespace === undefined ? 'pods' : `pods/${namespace}`;
    const scope: ListedScope = { kind: 'pods', ...(namespace === undefined ? {} : { namespace }) };
    const handler = this.handler<WatchedPod>(scope, name, (event, pod, at) =>
      event === 'upsert' ? { kind: 'pod', pod } : { kind: 'pod-removed', pod, endedAt: at },
    );
    const project = (raw: unknown): Keyed<WatchedPod> | undefined => {
      const pod = readPod(raw, this.options.config.workloadLabels);
      return pod && { ...pod, key: pod.uid };
    };
    return new ResourceWatch(name, this.reflector(PODS, namespace, project, handler));
  }

  private reflector<T>(
    resource: ResourcePath,
    namespace: string | undefined,
    project: (raw: unknown) => Keyed<T> | undefined,
    handler: ReflectorHandler<Keyed<T>>,
  ): Reflector<Keyed<T>> {
    const { api, clock, config } = this.options;
    return new Reflector<Keyed<T>>({
      api,
      resource,
      ...(namespace === undefined ? {} : { namespace }),
      project,
      handler,
      pageSize: config.pageSize,
      watchTimeout: config.watchTimeout,
      relistInterval: config.relistInterval,
      forbiddenInterval: FORBIDDEN_INTERVAL,
      clock,
    });
  }

  /** Hands on what a reflector brings: changes to the queue, the end of a list to the database once all before it is there. */
  private handler<T>(
    scope: ListedScope,
    name: string,
    toChange: (event: 'upsert' | 'delete', object: T, at: number) => PendingChange,
  ): ReflectorHandler<Keyed<T>> {
    const { clock, store } = this.options;
    const signal = this.stopping.signal;
    return {
      listed: async (objects) => {
        await this.pending.add(
          objects.map((object) => toChange('upsert', object, clock.now())),
          signal,
        );
        if (this.resolver.pending.size >= RESOLVE_AT) await this.follower.resolvePending(signal);
      },
      listEnd: async (_version, keys) => {
        await this.pending.drained(signal);
        await persist(() => store.withdrawMissing(scope, [...keys]), signal);
        if (scope.kind === 'pods') {
          this.pods.retain(keys, scope.namespace);
          await this.follower.resolvePending(signal);
          await this.pending.drained(signal);
        }
        this.resource(name)?.listed(keys.size, clock.now());
        this.reporter.soon();
        await this.markSynced(signal);
      },
      changed: async (event, object, at) => {
        await this.pending.add([toChange(event, object, at)], signal);
      },
      state: async (status) => {
        const { state, lastError } = status;
        this.reporter.soon();
        if (state === 'forbidden' || state === 'waiting') {
          this.logger.warn({ resource: name, state, reason: lastError?.message }, 'Part of the cluster is not watched');
        } else if (state === 'listing' && status.lists > 0 && scope.kind === 'pods') {
          // Owners may have been adopted since they were read.
          await this.ownerRefresh.run();
        } else if (state === 'watching') this.logger.log({ resource: name }, 'The cluster is watched');
        await this.markSynced(signal);
      },
    };
  }

  private resource(name: string): ResourceWatch | undefined {
    return this.resources.find((resource) => resource.name === name);
  }

  private async markSynced(signal: AbortSignal): Promise<void> {
    if (this.isMarkedSynced || !this.resources.every(({ isSettled }) => isSettled)) return;
    this.isMarkedSynced = true;
    await persist(() => this.options.store.markSynced(), signal);
    this.logger.log({ resources: this.resources.map(({ state }) => state) }, 'The inventory is as the cluster is');
  }
}
