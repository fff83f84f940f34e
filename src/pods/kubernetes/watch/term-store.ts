import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../../common/clock.js';
import { Notifications } from '../../../database/notifications.js';
import { Transactions } from '../../../database/transactions.js';
import { INVENTORY_CHANGED } from '../../inventory-changed.js';
import type { KubernetesBatch, ListedScope } from '../writer/kubernetes-batch.js';
import { KubernetesWriter } from '../writer/kubernetes.writer.js';
import type { OwnerSync, ResourceSync } from '../writer/sync-state.js';

/** Begins terms. */
@Injectable()
export class TermStores {
  constructor(
    readonly transactions: Transactions,
    readonly writer: KubernetesWriter,
    readonly notifications: Notifications,
    readonly clock: Clock,
  ) {}

  /** Begins a term; whoever led before cannot write any more. */
  async begin(leader: string): Promise<TermStore> {
    const now = this.clock.now();
    return new TermStore(this, await this.transactions.run((manager) => this.writer.beginTerm(manager, leader, now)));
  }
}

/**
 * The database as one leader may write it: each method is one transaction that holds the leader's term, and rejects with
 * LeadershipLost when another replica leads by now. Caches are told of what changed.
 */
export class TermStore {
  constructor(
    private readonly options: TermStores,
    readonly term: number,
  ) {}

  /** Notes that the leader has stepped down. */
  async end(): Promise<void> {
    const { transactions, writer, clock } = this.options;
    await transactions.run((manager) => writer.endTerm(manager, this.term, clock.now()));
  }

  async write(batch: KubernetesBatch): Promise<void> {
    await this.unit((manager, now) => this.options.writer.write(manager, batch, now));
  }

  /** Ends what a full list did not show. Returns how many ended. */
  async withdrawMissing(scope: ListedScope, present: readonly string[]): Promise<number> {
    return this.count((manager, now) => this.options.writer.withdrawMissing(manager, scope, present, now));
  }

  /** Ends the pods of namespaces that are not watched any more. Returns how many ended. */
  async withdrawUnwatched(namespaces: readonly string[]): Promise<number> {
    return this.count((manager, now) => this.options.writer.withdrawUnwatched(manager, namespaces, now));
  }

  async markSynced(): Promise<void> {
    await this.unit(async (manager, now) => {
      await this.options.writer.markSynced(manager, now);
      return false;
    });
  }

  /** Gives a sign of life and keeps how the watch fares. */
  async report(resources: readonly ResourceSync[], owners: readonly OwnerSync[]): Promise<void> {
    await this.unit(async (manager, now) => {
      await this.options.writer.saveResources(manager, resources, now);
      await this.options.writer.saveOwners(manager, owners);
      return false;
    });
  }

  private async count(work: (manager: EntityManager, now: number) => Promise<number>): Promise<number> {
    let count = 0;
    await this.unit(async (manager, now) => {
      count = await work(manager, now);
      return count > 0;
    });
    return count;
  }

  /** `work` tells whether the inventory changed. */
  private async unit(work: (manager: EntityManager, now: number) => Promise<boolean>): Promise<void> {
    const { transactions, writer, notifications, clock } = this.options;
    await transactions.run(async (manager) => {
      await writer.holdTerm(manager, this.term);
      if (await work(manager, clock.now())) await notifications.notify(manager, INVENTORY_CHANGED);
    });
  }
}
