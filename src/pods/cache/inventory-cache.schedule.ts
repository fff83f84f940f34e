import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { PODS_CONFIG, type PodsConfig } from '../../config/pods.config.js';
import { backoffDelay, pause } from '../../database/backoff.js';
import { DatabaseService } from '../../database/database.service.js';
import { Notifications } from '../../database/notifications.js';
import { INVENTORY_CHANGED } from '../inventory-changed.js';
import { InventoryCache } from './inventory-cache.service.js';

const INTERVAL = 'inventory-cache-refresh';
/** Least time between refreshes that notifications ask for, ms. */
const NOTIFIED_GAP = 250;
/** Between tries to read the inventory for the first time, ms. */
const BACKOFF = { base: 250, max: 5_000 };

/** Keeps the inventory cache up to date: at intervals, and at once when a writer says that something has changed. */
@Injectable()
export class InventoryCacheSchedule implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(InventoryCacheSchedule.name);
  private readonly stopping = new AbortController();
  private unsubscribe: (() => void) | undefined;
  private first: Promise<void> | undefined;
  private isAnnounced = false;
  private following: Promise<void> | undefined;

  constructor(
    private readonly cache: InventoryCache,
    private readonly database: DatabaseService,
    private readonly notifications: Notifications,
    private readonly scheduler: SchedulerRegistry,
    @Inject(PODS_CONFIG) private readonly config: Pick<PodsConfig, 'cacheRefreshInterval'>,
  ) {}

  onModuleInit(): void {
    this.first = this.start();
  }

  onApplicationBootstrap(): void {
    const interval = setInterval(() => void this.refresh(), this.config.cacheRefreshInterval);
    this.scheduler.addInterval(INTERVAL, interval);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    if (this.scheduler.doesExist('interval', INTERVAL)) this.scheduler.deleteInterval(INTERVAL);
    this.unsubscribe?.();
    await Promise.all([this.following, this.database.isReady ? this.first : undefined]);
    await this.cache.settled();
  }

  private async start(): Promise<void> {
    try {
      await this.database.ready();
    } catch {
      return;
    }
    this.unsubscribe = this.notifications.subscribe(INVENTORY_CHANGED, () => {
      this.announce();
    });
    for (let failures = 0; this.isFirstDue; failures += 1) {
      await this.refresh();
      await pause(backoffDelay(failures, BACKOFF), this.stopping.signal);
    }
  }

  /** Many writers may tell at once: the first is followed immediately, the others together after a short while. */
  private announce(): void {
    this.isAnnounced = true;
    this.following ??= this.follow().finally(() => (this.following = undefined));
  }

  private get isFirstDue(): boolean {
    return !this.cache.synced && !this.stopping.signal.aborted;
  }

  private get isPending(): boolean {
    return this.isAnnounced && !this.stopping.signal.aborted;
  }

  private async follow(): Promise<void> {
    do {
      this.isAnnounced = false;
      await this.refresh();
      await pause(NOTIFIED_GAP, this.stopping.signal);
    } while (this.isPending);
  }

  private async refresh(): Promise<void> {
    if (this.stopping.signal.aborted || !this.database.isReady) return;
    try {
      await this.cache.refresh();
    } catch (error) {
      this.logger.warn(
        { err: error, age: this.cache.age },
        'The inventory could not be read; the last state stays in use',
      );
    }
  }
}
