import { optionalSetting, setting, type ValuesOf } from './setting.js';
import { duration, integer, postgresUrl, text } from './values.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** Injection token of {@link DatabaseConfig}. */
export const DATABASE_CONFIG = Symbol('DATABASE_CONFIG');

/** Which PostgreSQL is used, and how. */
export const databaseSettings = {
  url: optionalSetting('DATABASE_URL', postgresUrl(), {
    description: 'PostgreSQL to use. Unset starts the embedded server in `DATA_DIR`.',
    secret: true,
  }),
  dataDir: setting('DATA_DIR', text(4_096), './data', {
    description: 'Directory of the embedded database; it holds nothing else.',
  }),
  poolSize: setting('DATABASE_POOL_SIZE', integer(2, 500), '10', { description: 'Most connections to the database.' }),
  connectTimeout: setting('DATABASE_CONNECT_TIMEOUT', duration(100, 5 * MINUTE), '5s', {
    description: 'Longest wait for a connection, from the pool or new.',
  }),
  statementTimeout: setting('DATABASE_STATEMENT_TIMEOUT', duration(100, 60 * MINUTE), '30s', {
    description: 'Longest time a statement may run; the database ends it afterwards.',
  }),
  transactionAttempts: setting('DATABASE_TRANSACTION_ATTEMPTS', integer(1, 50), '5', {
    description: 'How often a transaction is tried when the database reports a serialization failure or a deadlock.',
  }),
};

export type DatabaseConfig = ValuesOf<typeof databaseSettings>;
