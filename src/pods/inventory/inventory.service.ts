import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { InvalidRequest } from '../../common/domain-error.js';
import { Notifications } from '../../database/notifications.js';
import { Transactions } from '../../database/transactions.js';
import { InventoryCache } from '../cache/inventory-cache.service.js';
import { BodyCheck } from '../core/body-check.js';
import { readInventoryBody } from '../core/inventory-body.js';
import type { ReplacedInventory } from '../core/inventory-counts.js';
import { inSlices } from '../in-slices.js';
import { INVENTORY_CHANGED } from '../inventory-changed.js';
import { InventoryWriter } from './inventory.writer.js';

/** The inventory as one body, for clusters that cannot be watched. */
@Injectable()
export class InventoryService {
  constructor(
    private readonly clock: Clock,
    private readonly transactions: Transactions,
    private readonly notifications: Notifications,
    private readonly writer: InventoryWriter,
    private readonly cache: InventoryCache,
  ) {}

  /**
   * Replaces what earlier bodies brought; when it returns, the cache of this process shows it. Throws
   * {@link InvalidRequest} with the first problems of the body.
   */
  async replace(body: unknown): Promise<ReplacedInventory> {
    const now = this.clock.now();
    const check = new BodyCheck();
    const inventory = await inSlices(readInventoryBody(body, now, check));
    if (check.problems.length > 0) {
      throw new InvalidRequest('The inventory is not acceptable.', { errors: check.problems });
    }
    const counts = await this.transactions.run(async (manager) => {
      const result = await this.writer.replace(manager, inventory, now);
      if (result.changed) await this.notifications.notify(manager, INVENTORY_CHANGED);
      return result.counts;
    });
    await this.cache.refresh();
    return counts;
  }
}
