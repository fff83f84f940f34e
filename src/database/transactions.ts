import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager, type QueryRunner } from 'typeorm';
import { Unavailable } from '../common/domain-error.js';
import { DATABASE_CONFIG, type DatabaseConfig } from '../config/database.config.js';
import { backoffDelay, pause } from './backoff.js';
import { isTransactionConflict } from './database-unavailable.js';

export interface TransactionOptions {
  /** PostgreSQL's default, read committed, unless told. */
  isolation?: 'READ COMMITTED' | 'REPEATABLE READ' | 'SERIALIZABLE';
  readOnly?: boolean;
}

const BACKOFF = { base: 20, max: 1_000 };

/** Runs units of work in transactions. */
@Injectable()
export class Transactions {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(DATABASE_CONFIG) private readonly config: Pick<DatabaseConfig, 'transactionAttempts'>,
  ) {}

  /**
   * Runs `work` in one transaction and commits it. On a serialization failure or a deadlock the whole unit is repeated after a
   * random pause, so `work` must have no effects outside the transaction. Must not be called inside `work`: the inner
   * call would take a second connection. Throws {@link Unavailable} when all attempts conflict or the connection is lost, and
   * what `work` throws otherwise.
   */
  async run<T>(work: (manager: EntityManager) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    const { transactionAttempts } = this.config;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.once(work, options);
      } catch (error) {
        if (!isTransactionConflict(error)) throw error;
        if (attempt >= transactionAttempts) {
          throw new Unavailable('The database is busy with conflicting changes', { cause: error });
        }
        await pause(backoffDelay(attempt - 1, BACKOFF));
      }
    }
  }

  private async once<T>(work: (manager: EntityManager) => Promise<T>, options: TransactionOptions): Promise<T> {
    const runner = this.dataSource.createQueryRunner();
    try {
      await runner.startTransaction(options.isolation);
      if (options.readOnly === true) await runner.query('SET TRANSACTION READ ONLY');
      const result = await work(runner.manager);
      await runner.commitTransaction();
      return result;
    } catch (error) {
      // TypeORM releases a runner whose connection breaks between two statements, and says only that it is released.
      if (runner.isReleased) throw new Unavailable('The database connection was lost', { cause: error });
      await rollBack(runner);
      throw error;
    } finally {
      await runner.release();
    }
  }
}

/** A connection that cannot even roll back must not return to the pool with its transaction open: the pool drops ended ones. */
async function rollBack(runner: QueryRunner): Promise<void> {
  try {
    await runner.rollbackTransaction();
  } catch {
    const connection = (await runner.connect().catch(() => undefined)) as { end(): Promise<void> } | undefined;
    void connection?.end().catch(() => undefined);
  }
}
