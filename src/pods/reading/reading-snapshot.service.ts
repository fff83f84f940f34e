import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Transactions } from '../../database/transactions.js';

const CONSISTENT = { isolation: 'REPEATABLE READ', readOnly: true } as const;

/** A page takes a few ms, and starting workers for it as long again: the planner does not know that a page ends early. */
const WITHOUT_WORKERS = 'SET LOCAL max_parallel_workers_per_gather = 0';

/** One consistent snapshot for all statements of an answer. */
@Injectable()
export class ReadingSnapshot {
  constructor(private readonly transactions: Transactions) {}

  /** Runs `work`, which must only read. Throws what Transactions.run throws. */
  async read<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.transactions.run(async (manager) => {
      await manager.query(WITHOUT_WORKERS);
      return work(manager);
    }, CONSISTENT);
  }
}
