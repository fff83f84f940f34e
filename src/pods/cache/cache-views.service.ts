import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { CacheStatsDto } from './cache.dto.js';
import { InventoryCache } from './inventory-cache.service.js';

/** The caches as the original shows them. */
@Injectable()
export class CacheViews {
  constructor(
    private readonly clock: Clock,
    private readonly cache: InventoryCache,
  ) {}

  devicePods(withStats: boolean): object {
    return this.answer(this.cache.view().devicePods(this.clock.now()), withStats);
  }

  podWorkloads(withStats: boolean): object {
    return this.answer(this.cache.view().podWorkloads(this.clock.now()), withStats);
  }

  private answer(cache: Record<string, unknown>, withStats: boolean): CacheStatsDto | Record<string, unknown> {
    if (!withStats) return cache;
    const { age, synced, lastRefresh } = this.cache;
    return {
      age_seconds: age === undefined ? null : age / 1_000,
      synced,
      last_refresh:
        lastRefresh === undefined
          ? null
          : {
              mode: lastRefresh.mode,
              at: new Date(lastRefresh.at).toISOString(),
              duration_ms: lastRefresh.duration,
            },
      sizes: this.cache.view().sizes(),
      cache,
    };
  }
}
