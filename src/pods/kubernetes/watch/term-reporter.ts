import { Logger } from '@nestjs/common';
import { pause } from '../../../database/backoff.js';
import type { OwnerCache } from '../owners/owner-cache.js';
import { LeadershipLost } from '../writer/leadership-lost.js';
import type { OwnerSync } from '../writer/sync-state.js';
import type { ChainResolver } from './chain-resolver.js';
import type { KubernetesWatchMetrics } from './kubernetes-watch.metrics.js';
import type { PendingChanges } from './pending-changes.js';
import type { ResourceWatch } from './resource-watch.js';
import type { TermStore } from './term-store.js';

/** Longest time between two signs of life in the database, ms. */
const INTERVAL = 5_000;
/** Least time between them, ms. */
const GAP = 200;

export interface TermReporterOptions {
  readonly store: TermStore;
  readonly metrics: KubernetesWatchMetrics;
  readonly cache: Pick<OwnerCache, 'kinds'>;
  readonly resources: readonly ResourceWatch[];
  readonly pending: PendingChanges;
  readonly resolver: ChainResolver;
}

/** Gives signs of life and tells, for all replicas, how the watch fares. */
export class TermReporter {
  private readonly logger = new Logger('KubernetesWatch');
  private due = new AbortController();

  constructor(private readonly options: TermReporterOptions) {}

  /** Something has changed that is worth telling at once. */
  soon(): void {
    this.due.abort();
  }

  /** Runs until the signal is aborted. Rejects with LeadershipLost when another replica leads by now. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.due = new AbortController();
      await this.report();
      await pause(GAP, signal);
      await pause(INTERVAL, AbortSignal.any([signal, this.due.signal]));
    }
  }

  private async report(): Promise<void> {
    const { store, metrics, pending, resolver, cache } = this.options;
    const resources = this.options.resources.map(({ state }) => state);
    const owners = cache
      .kinds()
      .map(({ lastError, ...kind }): OwnerSync => ({ ...kind, lastError: lastError ?? null }));
    metrics.fares(resources, owners);
    metrics.waiting(pending.size, resolver.pending.size + resolver.unreadable.size);
    try {
      await store.report(resources, owners);
    } catch (error) {
      if (error instanceof LeadershipLost) throw error;
      this.logger.debug({ err: error }, 'The database does not take a report of the watch');
    }
  }
}
