import type { EntityManager } from 'typeorm';
import { Unavailable } from '../../../src/common/domain-error.js';
import { Transactions } from '../../../src/database/transactions.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';

describe('Transactions', () => {
  let database: TestDatabase;
  let transactions: Transactions;

  beforeAll(async () => {
    database = await createTestDatabase();
    transactions = new Transactions(database.dataSource, { transactionAttempts: 5 });
    await database.dataSource.query('CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL)');
  });

  beforeEach(async () => {
    await database.dataSource.query('TRUNCATE account');
    await database.dataSource.query('INSERT INTO account VALUES (1, 0), (2, 0)');
  });

  afterAll(() => database.drop());

  const add = (manager: EntityManager, id: number) =>
    manager.query('UPDATE account SET balance = balance + 1 WHERE id = $1', [id]);
  const balances = async () => {
    const rows = await database.dataSource.query<{ balance: number }[]>('SELECT balance FROM account ORDER BY id');
    return rows.map(({ balance }) => balance);
  };

  it('repeats the whole unit that PostgreSQL chose to end a deadlock', async () => {
    const meeting = meetingOf(2);
    let runs = 0;
    const crossing = (first: number, second: number) =>
      transactions.run(async (manager) => {
        runs += 1;
        await add(manager, first);
        await meeting();
        await add(manager, second);
      });
    await Promise.all([crossing(1, 2), crossing(2, 1)]);
    expect(runs).toBe(3);
    expect(await balances()).toEqual([2, 2]);
  });

  it('repeats the whole unit after a serialization failure', async () => {
    const meeting = meetingOf(2);
    let runs = 0;
    const copySum = (id: number) =>
      transactions.run(
        async (manager) => {
          runs += 1;
          const [row] = await manager.query<{ sum: number }[]>('SELECT sum(balance)::int AS sum FROM account');
          await meeting();
          await manager.query('UPDATE account SET balance = $1 + 1 WHERE id = $2', [row!.sum, id]);
        },
        { isolation: 'SERIALIZABLE' },
      );
    await Promise.all([copySum(1), copySum(2)]);
    expect(runs).toBe(3);
    expect((await balances()).sort()).toEqual([1, 2]);
  });

  it('gives up after the configured number of attempts', async () => {
    let runs = 0;
    const conflicting = transactions.run(async (manager) => {
      runs += 1;
      await manager.query(`DO $$ BEGIN RAISE EXCEPTION 'conflict' USING ERRCODE = '40001'; END $$`);
    });
    await expect(conflicting).rejects.toBeInstanceOf(Unavailable);
    expect(runs).toBe(5);
  });

  it('does not repeat other failures, and rolls back', async () => {
    let runs = 0;
    const failing = transactions.run(async (manager) => {
      runs += 1;
      await add(manager, 1);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect([runs, await balances()]).toEqual([1, [0, 0]]);
  });

  it('refuses writes in a read-only transaction', async () => {
    await expect(transactions.run((manager) => add(manager, 1), { readOnly: true })).rejects.toMatchObject({
      code: '25006',
    });
  });

  it('reports a connection lost between two statements as unavailable, and the pool goes on', async () => {
    const losing = transactions.run(async (manager) => {
      const [row] = await manager.query<{ pid: number }[]>('SELECT pg_backend_pid() AS pid');
      await database.dataSource.query('SELECT pg_terminate_backend($1)', [row!.pid]);
      await eventually(() => manager.queryRunner?.isReleased);
      await add(manager, 1);
    });
    await expect(losing).rejects.toBeInstanceOf(Unavailable);
    await transactions.run((manager) => add(manager, 1));
    expect(await balances()).toEqual([1, 0]);
  });
});

/** Everybody's first call waits until `size` callers have come; later calls pass. */
function meetingOf(size: number): () => Promise<void> {
  const complete = Promise.withResolvers<undefined>();
  let present = 0;
  return async () => {
    present += 1;
    if (present >= size) complete.resolve(undefined);
    await complete.promise;
  };
}
