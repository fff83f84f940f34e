import { Injectable } from '@nestjs/common';
import { DatabaseService } from '../../database/database.service.js';
import { Notifications } from '../../database/notifications.js';
import { Transactions } from '../../database/transactions.js';
import type { LearnedChanges, LearnedDevice } from '../core/learned-device.js';
import { INVENTORY_CHANGED } from '../inventory-changed.js';
import { LearnedDevicesWriter } from './learned-devices.writer.js';

/** Devices that pods hold by the word of exporters. */
@Injectable()
export class LearnedDevices {
  constructor(
    private readonly database: DatabaseService,
    private readonly transactions: Transactions,
    private readonly notifications: Notifications,
    private readonly writer: LearnedDevicesWriter,
  ) {}

  /** Whether there is a database to write to. */
  get isReady(): boolean {
    return this.database.isReady;
  }

  /** Keeps what was seen. A pod that has ended, runs elsewhere, or whose device a stronger source speaks of, gets nothing. */
  async learn(devices: readonly LearnedDevice[]): Promise<LearnedChanges> {
    return this.transactions.run(async (manager) => {
      const { changed, ...changes } = await this.writer.learn(manager, devices);
      if (changed) await this.notifications.notify(manager, INVENTORY_CHANGED);
      return changes;
    });
  }

  /**
   * Ends what is over: the pod has ended, another has taken its place, a stronger source speaks of the device, or nobody has
   * said it since `silentSince` (ms, `-Infinity` to leave that). What `exporters` (pod uids) were said to hold is taken back.
   */
  async tidy(exporters: readonly string[], silentSince: number): Promise<LearnedChanges> {
    return this.transactions.run(async (manager) => {
      const changes = await this.writer.tidy(manager, exporters, silentSince);
      if (changes.released + changes.withdrawn > 0) await this.notifications.notify(manager, INVENTORY_CHANGED);
      return changes;
    });
  }
}
