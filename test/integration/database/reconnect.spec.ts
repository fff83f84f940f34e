import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { isDatabaseUnavailable } from '../../../src/database/database-unavailable.js';
import { dataSourceOptions } from '../../../src/database/data-source.js';
import { EmbeddedServer } from '../../../src/database/embedded/embedded-server.js';
import { createTestDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { TcpProxy } from '../../support/tcp-proxy.js';

const LIMITS = { poolSize: 3, connectTimeout: 1_000, statementTimeout: 1_000 };

describe('the data source', () => {
  it('survives the end of all its sessions, idle and busy', async () => {
    const database = await createTestDatabase({ limits: { statementTimeout: 20_000 } });
    const other = await new DataSource(dataSourceOptions(database.url, LIMITS)).initialize();
    try {
      const busy = database.dataSource.query('SELECT pg_sleep(20)').catch((error: unknown) => error);
      await Promise.all([1, 2].map(() => database.dataSource.query('SELECT 1')));
      await eventually(async () => (await activity(other)).some(({ state }) => state === 'active'));
      await other.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
      );
      expect(isDatabaseUnavailable(await busy)).toBe(true);
      await eventually(() => database.dataSource.query('SELECT 1'), 2_000);
    } finally {
      await other.destroy();
      await database.drop();
    }
  }, 30_000);

  it('ends statements that run for too long, which does not count as unavailable', async () => {
    const database = await createTestDatabase({ limits: { statementTimeout: 200 } });
    const error: unknown = await database.dataSource.query('SELECT pg_sleep(5)').catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: '57014' });
    expect(isDatabaseUnavailable(error)).toBe(false);
    await database.drop();
  });

  it('says unavailable when the pool is exhausted', async () => {
    const database = await createTestDatabase({ limits: { poolSize: 1, connectTimeout: 200 } });
    const slow = database.dataSource.query('SELECT pg_sleep(1)');
    const error: unknown = await database.dataSource.query('SELECT 1').catch((caught: unknown) => caught);
    expect(isDatabaseUnavailable(error)).toBe(true);
    await slow;
    await database.drop();
  });

  it('gives up a connection that does not answer, and works again when the network does', async () => {
    const database = await createTestDatabase();
    const proxy = await TcpProxy.start(database.url);
    const remote = await new DataSource(dataSourceOptions(proxy.url, LIMITS)).initialize();
    try {
      proxy.freeze();
      const answers = [1, 2].map(() => remote.query('SELECT 1').catch((error: unknown) => error));
      expect((await Promise.all(answers)).map(isDatabaseUnavailable)).toEqual([true, true]);
      proxy.thaw();
      await eventually(() => remote.query('SELECT 1'));
    } finally {
      await remote.destroy();
      await proxy.close();
      await database.drop();
    }
  }, 60_000);

  it('finds the embedded server again after its crash', async () => {
    const parent = await mkdtemp(join(tmpdir(), 'telemetry-processor-crash-'));
    await chmod(parent, 0o755);
    const server = await EmbeddedServer.start({
      dataDir: join(parent, 'data'),
      database: 'telemetry_processor',
      settings: { shared_buffers: '16MB' },
      initdbArguments: ['--no-sync'],
    });
    const dataSource = await new DataSource(dataSourceOptions(server.url, LIMITS)).initialize();
    try {
      await dataSource.query('CREATE TABLE kept AS SELECT 42 AS answer');
      process.kill(server.pid!, 'SIGKILL');
      const error: unknown = await eventually(() =>
        dataSource.query('SELECT 1').then(
          () => false,
          (e: unknown) => e,
        ),
      );
      expect(isDatabaseUnavailable(error)).toBe(true);
      expect(await eventually(() => dataSource.query('SELECT answer FROM kept'), 20_000)).toEqual([{ answer: 42 }]);
    } finally {
      await dataSource.destroy();
      await server.stop();
      await rm(parent, { recursive: true, force: true });
    }
  }, 60_000);
});

function activity(dataSource: DataSource): Promise<{ state: string }[]> {
  return dataSource.query(
    'SELECT state FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  );
}
