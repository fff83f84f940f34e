import { Inject, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Clock } from '../../common/clock.js';
import { PODS_CONFIG, type PodsConfig } from '../../config/pods.config.js';
import { DatabaseService } from '../../database/database.service.js';
import { RetentionWriter } from './retention.writer.js';

const EVERY = 600_000;
const BATCH_SIZE = 5_000;

/** Deletes tombstones that nobody needs any more. It may run in several replicas at once. */
@Injectable()
export class RetentionJob {
  private readonly logger = new Logger(RetentionJob.name);

  constructor(
    private readonly clock: Clock,
    private readonly database: DatabaseService,
    private readonly writer: RetentionWriter,
    @Inject(PODS_CONFIG) private readonly config: Pick<PodsConfig, 'inventoryRetention' | 'gracePeriod'>,
  ) {}

  @Interval('inventory-retention', EVERY)
  async run(): Promise<void> {
    if (!this.database.isReady) return;
    const now = this.clock.now();
    // What still counts for late samples stays whatever the retention says.
    const kept = Math.max(this.config.inventoryRetention, 2 * this.config.gracePeriod);
    try {
      const rows = await this.writer.deleteBefore(now - kept, now, BATCH_SIZE);
      if (rows > 0) this.logger.log({ rows }, 'Deleted what ended long ago from the inventory');
    } catch (error) {
      this.logger.warn({ err: error }, 'Old inventory could not be deleted; trying again later');
    }
  }
}
