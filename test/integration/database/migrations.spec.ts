import type { DataSource } from 'typeorm';
import { migrate, migrationDataSource, MIGRATIONS_TABLE } from '../../../src/database/migrate.js';
import { migrations } from '../../../src/database/migrations.js';
import { createEmptyDatabase } from '../../support/database.js';

describe('migrations', () => {
  let database: Awaited<ReturnType<typeof createEmptyDatabase>>;
  let dataSource: DataSource;

  beforeEach(async () => {
    database = await createEmptyDatabase();
    dataSource = await migrationDataSource(database.url).initialize();
  });

  afterEach(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  it('go up, down to nothing and up again to the same schema', async () => {
    await migrate(database.url);
    const schema = await describeSchema(dataSource);
    for (const _ of migrations) await dataSource.undoLastMigration({ transaction: 'each' });
    expect(await describeSchema(dataSource)).toEqual([]);
    await migrate(database.url);
    expect(await describeSchema(dataSource)).toEqual(schema);
  });

  it('keep the inventory that is there, and what an older version can read of it', async () => {
    const before = migrations.findIndex(({ name }) => name.startsWith('Kubernetes'));
    await migrate(database.url, { migrations: migrations.slice(0, before) });
    await dataSource.query(`
      INSERT INTO workloads (uid, name, namespace, kind, sources) VALUES ('w', 'w', 'ml', 'Job', '{inventory}');
      INSERT INTO pod_workloads (pod_uid, workload_uid, sources) VALUES ('p', 'w', '{inventory}');
      INSERT INTO device_bindings (node_name, kind, key, pod_uid, source) VALUES ('n', 'gpu', '0', 'p', 'inventory')`);
    const bind = (source: string) =>
      dataSource.query(
        `INSERT INTO device_bindings (node_name, kind, key, source) VALUES ('n', 'gpu', '1', '${source}')`,
      );
    await expect(bind('exporter')).rejects.toThrow('device_bindings_source_check');
    await migrate(database.url);
    await bind('exporter');
    await expect(bind('rumour')).rejects.toThrow('device_bindings_source_check');
    expect(
      await dataSource.query(`SELECT w.owner_uid, w.created_at, r.depth, r.is_root, r.pod_ended, b.seen_at
        FROM workloads w JOIN pod_workloads r ON r.workload_uid = w.uid JOIN device_bindings b USING (pod_uid)`),
    ).toEqual([{ owner_uid: null, created_at: null, depth: null, is_root: null, pod_ended: false, seen_at: null }]);
    for (let left = migrations.length; left > before; left--) {
      await dataSource.undoLastMigration({ transaction: 'each' });
    }
    expect(await dataSource.query('SELECT key, source FROM device_bindings')).toEqual([
      { key: '0', source: 'inventory' },
    ]);
    await expect(bind('exporter')).rejects.toThrow('device_bindings_source_check');
  });

  it('are applied once when several replicas start together', async () => {
    const applied = await Promise.all([1, 2, 3].map(() => migrate(database.url)));
    expect(applied.flat().sort()).toEqual(migrations.map(({ name }) => name).sort());
  });

  it('have nothing to do the second time', async () => {
    await migrate(database.url);
    expect(await migrate(database.url)).toEqual([]);
  });

  it('roll a failing one back, keep those before it, and finish later', async () => {
    class First1000000000001 {
      name = 'First1000000000001';
      up = (runner: { query(sql: string): Promise<unknown> }) => runner.query('CREATE TABLE first_table (id int)');
      down = () => Promise.resolve();
    }
    let broken = true;
    class Second1000000000002 {
      name = 'Second1000000000002';
      up = async (runner: { query(sql: string): Promise<unknown> }) => {
        await runner.query('CREATE TABLE second_table (id int)');
        if (broken) await runner.query('SELECT 1 / 0');
      };
      down = () => Promise.resolve();
    }
    const two = [First1000000000001, Second1000000000002] as never[];
    await expect(migrate(database.url, { migrations: two })).rejects.toThrow('division by zero');
    expect((await describeSchema(dataSource)).join()).toContain('first_table');
    expect((await describeSchema(dataSource)).join()).not.toContain('second_table');
    broken = false;
    expect(await migrate(database.url, { migrations: two })).toEqual(['Second1000000000002']);
  });
});

/** Columns, constraints and indices of everything but the table of migrations itself, as text. */
async function describeSchema(dataSource: DataSource): Promise<string[]> {
  const rows = await dataSource.query<{ line: string }[]>(
    `SELECT format('%s.%s %s %s %s', table_name, column_name, data_type, is_nullable, column_default) AS line
       FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> $1
     UNION ALL SELECT format('%s %s', conrelid::regclass, pg_get_constraintdef(oid))
       FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> $1
     UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> $1
     ORDER BY line`,
    [MIGRATIONS_TABLE],
  );
  return rows.map(({ line }) => line);
}
