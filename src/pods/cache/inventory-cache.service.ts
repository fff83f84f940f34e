import { Inject, Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { PODS_CONFIG, type PodsConfig } from '../../config/pods.config.js';
import { InventoryIndex } from '../core/inventory-index.js';
import { Stamps } from '../core/stamps.js';
import { inSlices } from '../in-slices.js';
import { Coalesced } from './coalesced.js';
import { InventoryCacheMetrics } from './inventory-cache.metrics.js';
import { InventoryRepository, type Snapshot } from './inventory.repository.js';
import type { Refresh, RefreshMode } from './refresh.js';

/** More changed rows than this are read anew as a whole: taking them in one turn would hold up everything else. */
const MAX_CHANGES = 5_000;
/** Kept longer than the grace period, so that a sample at its very end still finds what it needs, ms. */
const MARGIN = 60_000;

/** Called after each refresh that changed an answer. */
export type RefreshListener = () => void;

/**
 * The two caches of the original (device → pod, pod → workload): the inventory in memory, brought up to date by
 * {@link refresh}. A refresh that fails leaves the last good state.
 */
@Injectable()
export class InventoryCache {
  /** Tells which cached decisions are outdated. The same for every index that {@link view} returns. */
  readonly stamps = new Stamps();

  private readonly logger = new Logger(InventoryCache.name);
  private readonly listeners = new Set<RefreshListener>();
  private readonly refreshes = new Coalesced(() => this.refreshOnce());
  private index = new InventoryIndex(this.stamps);
  private seen: Snapshot | undefined;
  private loadedAt = -Infinity;
  private last: Refresh | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly repository: InventoryRepository,
    private readonly metrics: InventoryCacheMetrics,
    @Inject(PODS_CONFIG)
    private readonly config: Pick<PodsConfig, 'cacheReloadInterval' | 'cachePageSize' | 'gracePeriod'>,
  ) {
    metrics.watchAge(() => this.age);
  }

  /** The inventory now. Not to be kept over an `await`: a later refresh may replace it. */
  view(): InventoryIndex {
    return this.index;
  }

  /** Whether the inventory has been read at least once. */
  get synced(): boolean {
    return this.last !== undefined;
  }

  get lastRefresh(): Refresh | undefined {
    return this.last;
  }

  /** ms since the inventory was last up to date; undefined before the first refresh. */
  get age(): number | undefined {
    return this.last === undefined ? undefined : this.clock.now() - this.last.at;
  }

  /** Returns the function that ends the listening. */
  onRefresh(listener: RefreshListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Reads what has changed; what was committed before the call is in the view when it resolves. Rejects when reading fails. */
  refresh(): Promise<void> {
    return this.refreshes.run();
  }

  /** Resolves when no refresh is running. */
  settled(): Promise<void> {
    return this.refreshes.settled();
  }

  private async refreshOnce(): Promise<void> {
    const start = this.clock.now();
    const epoch = this.stamps.epoch;
    let mode: RefreshMode = 'full';
    try {
      const isDue = this.seen === undefined || start - this.loadedAt >= this.config.cacheReloadInterval;
      if (!isDue && (await this.takeChanges(start))) mode = 'changes';
      else await this.reload(start);
    } catch (error) {
      this.metrics.failed(mode);
      throw error;
    }
    // The state is the one at the start: what was committed while it was read may be missing.
    this.last = { mode, at: start, duration: this.clock.now() - start };
    this.metrics.succeeded(mode, this.last.duration, this.index.sizes());
    if (this.stamps.epoch !== epoch) this.tellListeners();
  }

  /** Returns false when too much has changed. */
  private async takeChanges(now: number): Promise<boolean> {
    if (this.seen === undefined) return false;
    const delta = await this.repository.readChanges(this.seen, MAX_CHANGES);
    if (delta === undefined) return false;
    this.index.apply(delta.rows);
    this.index.prune(this.cutoff(now));
    this.seen = delta.seen;
    return true;
  }

  private async reload(now: number): Promise<void> {
    const cutoff = this.cutoff(now);
    let fresh = new InventoryIndex(null);
    const seen = await this.repository.readAll(cutoff, this.config.cachePageSize, () => {
      fresh = new InventoryIndex(null);
      return (rows) => {
        fresh.apply(rows);
      };
    });
    fresh.prune(cutoff);
    this.index.prune(cutoff);
    const slots = await inSlices(fresh.differences(this.index));
    fresh.succeed(this.stamps, slots);
    this.index = fresh;
    this.seen = seen;
    this.loadedAt = now;
  }

  private cutoff(now: number): number {
    return now - this.config.gracePeriod - MARGIN;
  }

  private tellListeners(): void {
    for (const listener of this.listeners) {
      try {
        listener();
      } catch (error) {
        this.logger.error({ err: error }, 'A listener to inventory refreshes failed');
      }
    }
  }
}
