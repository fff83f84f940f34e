import { DataSource, type MigrationInterface, type QueryRunner } from 'typeorm';
import { pause } from './backoff.js';
import { APPLICATION_NAME } from './data-source.js';
import { migrations as ours } from './migrations.js';
import { TypeOrmLogger } from './typeorm-logger.js';

export const MIGRATIONS_TABLE = 'schema_migrations';
/** `server_version_num` of the oldest PostgreSQL we support. */
const OLDEST_SERVER = 150_000;
const LOCK_POLL = 250;

export interface MigrateOptions {
  /** Longest wait for a connection, ms. */
  connectTimeout?: number;
  migrations?: readonly (new () => MigrationInterface)[];
  /** Ends the wait for another replica's migrations. */
  signal?: AbortSignal;
}

/** A data source for migrations alone: no statement timeout, because building an index may rightly take long. */
export function migrationDataSource(url: string, options: MigrateOptions = {}): DataSource {
  return new DataSource({
    type: 'postgres',
    url,
    synchronize: false,
    logging: false,
    logger: new TypeOrmLogger(),
    installExtensions: false,
    applicationName: `${APPLICATION_NAME} migrations`,
    migrationsTableName: MIGRATIONS_TABLE,
    migrations: [...(options.migrations ?? ours)],
    poolSize: 2,
    connectTimeoutMS: options.connectTimeout ?? 5_000,
    poolErrorHandler: () => undefined,
    extra: { keepAlive: true },
  });
}

/**
 * Brings the schema up to date and returns the names of the migrations that were applied, each in its own transaction.
 * Replicas that start together take turns under an advisory lock.
 */
export async function migrate(url: string, options: MigrateOptions = {}): Promise<string[]> {
  const dataSource = await migrationDataSource(url, options).initialize();
  try {
    await requireSupportedServer(dataSource);
    const lock = dataSource.createQueryRunner();
    try {
      await takeTurn(lock, options.signal);
      const applied = await dataSource.runMigrations({ transaction: 'each' });
      return applied.map(({ name }) => name);
    } finally {
      // Ends with the session in any case; unlocking first lets the next replica start at once.
      await lock.query(`SELECT pg_advisory_unlock_all()`).catch(() => undefined);
      await lock.release();
    }
  } finally {
    await dataSource.destroy();
  }
}

/** Polls rather than waits inside the database: a waiting statement holds a snapshot, which blocks CREATE INDEX CONCURRENTLY. */
async function takeTurn(runner: QueryRunner, signal?: AbortSignal): Promise<void> {
  for (;;) {
    const [row] = (await runner.query(
      `SELECT pg_try_advisory_lock(hashtextextended('telemetry-processor:migrations', 0)) AS locked`,
    )) as { locked: boolean }[];
    if (row?.locked === true) return;
    signal?.throwIfAborted();
    await pause(LOCK_POLL, signal);
  }
}

async function requireSupportedServer(dataSource: DataSource): Promise<void> {
  const [row] = await dataSource.query<{ number: number; version: string }[]>(
    `SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS version`,
  );
  if (row !== undefined && row.number < OLDEST_SERVER) {
    throw new Error(`PostgreSQL 15 or newer is needed, the server is ${row.version}`);
  }
}
