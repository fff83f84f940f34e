import { Inject, Injectable } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { PODS_CONFIG, type PodsConfig } from '../../config/pods.config.js';
import { InventoryCache } from '../../pods/cache/inventory-cache.service.js';

const TIMER = 'metrics.stale-markers';

/** When sweeps happen: after each refresh that changed something, and once per refresh interval in any case. */
@Injectable()
export class SweepSchedule {
  private unsubscribe: (() => void) | undefined;

  constructor(
    private readonly registry: SchedulerRegistry,
    private readonly inventory: InventoryCache,
    @Inject(PODS_CONFIG) private readonly config: PodsConfig,
  ) {}

  start(sweep: () => void): void {
    this.registry.addInterval(TIMER, setInterval(sweep, this.config.cacheRefreshInterval));
    this.unsubscribe = this.inventory.onRefresh(sweep);
  }

  stop(): void {
    this.unsubscribe?.();
    if (this.registry.doesExist('interval', TIMER)) this.registry.deleteInterval(TIMER);
  }
}
