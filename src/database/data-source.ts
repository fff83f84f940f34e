import { Logger } from '@nestjs/common';
import type { PostgresDataSourceOptions } from 'typeorm/driver/postgres/PostgresDataSourceOptions.js';
import type { DatabaseConfig } from '../config/database.config.js';
import { connectionSocket } from './connection-socket.js';
import { TypeOrmLogger } from './typeorm-logger.js';

/** The name under which all our sessions appear in `pg_stat_activity`. */
export const APPLICATION_NAME = 'telemetry-processor';

/** Added to the statement timeout before a silent connection is given up, ms. */
const SILENCE_MARGIN = 5_000;
const KEEP_ALIVE_DELAY = 10_000;
/** Idle connections are closed after this time, or earlier, so that silence while idle is never taken for a dead peer, ms. */
const IDLE_TIMEOUT = 30_000;

export type PoolLimits = Pick<DatabaseConfig, 'poolSize' | 'connectTimeout' | 'statementTimeout'>;

/**
 * Options of the service's data source. Connections that break while idle leave the pool with a log line and are replaced on
 * demand, so a database restart needs no restart of ours. The schema is never synchronised and migrations run elsewhere.
 */
export function dataSourceOptions(url: string, limits: PoolLimits): PostgresDataSourceOptions {
  const logger = new Logger('DatabasePool');
  return {
    type: 'postgres',
    url,
    synchronize: false,
    migrationsRun: false,
    logging: false,
    logger: new TypeOrmLogger(),
    installExtensions: false,
    uuidExtension: 'pgcrypto',
    applicationName: APPLICATION_NAME,
    poolSize: limits.poolSize,
    connectTimeoutMS: limits.connectTimeout,
    poolErrorHandler: (error: unknown) => {
      logger.warn({ err: error }, 'An idle database connection broke and was dropped');
    },
    extra: {
      statement_timeout: limits.statementTimeout,
      idle_in_transaction_session_timeout: 2 * limits.statementTimeout,
      idleTimeoutMillis: Math.min(IDLE_TIMEOUT, limits.statementTimeout),
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY,
      stream: () => connectionSocket(limits.statementTimeout + SILENCE_MARGIN),
    },
  };
}
