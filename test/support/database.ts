import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { DataSource, type EntitySchema } from 'typeorm';
import { dataSourceOptions, type PoolLimits } from '../../src/database/data-source.js';

export interface TestDatabase {
  url: string;
  dataSource: DataSource;
  /** Closes the data source and removes the database, also when others are still connected. */
  drop: () => Promise<void>;
}

export interface TestDatabaseOptions {
  entities?: (EntitySchema | (new () => object))[];
  limits?: Partial<PoolLimits>;
}

const LIMITS: PoolLimits = { poolSize: 5, connectTimeout: 5_000, statementTimeout: 30_000 };

/** A database of the test file's own with all migrations applied: a clone of the run's template. */
export async function createTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const { url, drop } = await cloneTemplate(required('TEST_DATABASE_TEMPLATE'));
  const dataSource = new DataSource({
    ...dataSourceOptions(url, { ...LIMITS, ...options.limits }),
    entities: options.entities ?? [],
  });
  await dataSource.initialize();
  return {
    url,
    dataSource,
    drop: async () => {
      if (dataSource.isInitialized) await dataSource.destroy();
      await drop();
    },
  };
}

/** A database without any table, for tests of the migrations themselves. */
export async function createEmptyDatabase(): Promise<{ url: string; drop: () => Promise<void> }> {
  return cloneTemplate('template0');
}

async function cloneTemplate(template: string): Promise<{ url: string; drop: () => Promise<void> }> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await administer(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  const url = new URL(required('TEST_DATABASE_SERVER_URL'));
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => administer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

async function administer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: required('TEST_DATABASE_SERVER_URL') });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

function required(variable: string): string {
  const value = process.env[variable];
  if (value === undefined) throw new Error(`${variable} is not set: run this file in the integration project`);
  return value;
}
