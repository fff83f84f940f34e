import { Injectable } from '@nestjs/common';
import { counter, gauge, histogram } from '../../observability/instruments.js';
import type { InventorySizes } from '../core/inventory-index.js';
import type { RefreshMode } from './refresh.js';

const PREFIX = 'primus_lens_telemetry_processor_cache_';

/** What the inventory caches tell about themselves on /metrics. */
@Injectable()
export class InventoryCacheMetrics {
  private readonly refreshes = counter({
    name: `${PREFIX}refresh_total`,
    help: 'Refreshes of the inventory caches',
    labelNames: ['result', 'mode'],
  });
  private readonly duration = histogram({
    name: `${PREFIX}refresh_duration_seconds`,
    help: 'Time a refresh of the inventory caches takes',
    labelNames: ['mode'],
    buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30],
  });
  private readonly age = gauge({
    name: `${PREFIX}age_seconds`,
    help: 'Time since the inventory caches were up to date',
  });
  private readonly entries = gauge({
    name: `${PREFIX}entries`,
    help: 'Entries of the inventory caches',
    labelNames: ['kind'],
  });

  succeeded(mode: RefreshMode, milliseconds: number, sizes: InventorySizes): void {
    this.refreshes.inc({ result: 'success', mode });
    this.duration.observe({ mode }, milliseconds / 1_000);
    for (const [kind, size] of Object.entries(sizes)) this.entries.set({ kind }, size as number);
  }

  failed(mode: RefreshMode): void {
    this.refreshes.inc({ result: 'failure', mode });
  }

  /** Asks for the age (ms; undefined before the first refresh) whenever /metrics is read. */
  watchAge(age: () => number | undefined): void {
    Object.assign(this.age, {
      collect: () => {
        this.age.set((age() ?? Number.NaN) / 1_000);
      },
    });
  }
}
