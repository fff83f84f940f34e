import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { PODS_CONFIG, type PodsConfig } from '../../config/pods.config.js';
import { HealthRegistry, type HealthReport } from '../../health/health-registry.js';
import { InventoryCache } from './inventory-cache.service.js';

/** The cache may miss this many refreshes before it counts as outdated. */
const MISSED_REFRESHES = 3;

/** Reports the inventory cache: without a first reading nothing can be enriched, with an old one enrichment may be wrong. */
@Injectable()
export class InventoryCacheHealth implements OnModuleInit {
  constructor(
    private readonly registry: HealthRegistry,
    private readonly cache: InventoryCache,
    @Inject(PODS_CONFIG) private readonly config: Pick<PodsConfig, 'cacheRefreshInterval'>,
  ) {}

  onModuleInit(): void {
    this.registry.register('inventory', () => this.report(), { affectsReadiness: true });
  }

  private report(): HealthReport {
    const { age } = this.cache;
    if (age === undefined) return { status: 'down', reason: 'the inventory has not been read yet' };
    const details = { age_seconds: age / 1_000, ...this.cache.view().sizes() };
    if (age <= MISSED_REFRESHES * this.config.cacheRefreshInterval) return { status: 'up', ...details };
    return { status: 'degraded', reason: 'the inventory could not be read for a while', ...details };
  }
}
