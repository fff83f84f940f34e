import { hostname } from 'node:os';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../../common/clock.js';
import { KUBERNETES_CONFIG, type KubernetesConfig } from '../../../config/kubernetes.config.js';
import type { KubernetesApi } from '../client/kubernetes-api.js';
import { KubernetesWatchMetrics } from './kubernetes-watch.metrics.js';
import { TermStores } from './term-store.js';
import { WatchTerm } from './watch-term.js';

/** The terms in which this replica leads. */
@Injectable()
export class WatchTerms {
  private readonly logger = new Logger('KubernetesWatch');
  private term: number | undefined;

  constructor(
    private readonly stores: TermStores,
    private readonly clock: Clock,
    private readonly metrics: KubernetesWatchMetrics,
    @Inject(KUBERNETES_CONFIG) private readonly config: KubernetesConfig,
  ) {}

  /** Whether this is the number of the running term. */
  isCurrent(term: number): boolean {
    return this.term === term;
  }

  /** Watches the cluster for one term, until the signal is aborted. */
  async serve(api: KubernetesApi, signal: AbortSignal): Promise<void> {
    const { clock, metrics, config } = this;
    const store = await this.stores.begin(`${hostname()}:${process.pid}`);
    this.logger.log({ server: api.server, term: store.term }, 'This replica watches the cluster');
    this.term = store.term;
    metrics.leads(true);
    try {
      await new WatchTerm({ api, store, clock, config, metrics }).run(signal);
    } finally {
      this.term = undefined;
      metrics.leads(false);
      // Who comes next, or looks after the silence, learns it without this too.
      await store.end().catch(() => undefined);
    }
  }
}
