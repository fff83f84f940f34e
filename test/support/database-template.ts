import { createHash } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { EmbeddedServer } from '../../src/database/embedded/embedded-server.js';
import { migrate } from '../../src/database/migrate.js';

/** The environment variables in which the test files find the server and the template. */
export const SERVER_URL = 'TEST_DATABASE_SERVER_URL';
export const TEMPLATE_NAME = 'TEST_DATABASE_TEMPLATE';

/** Nothing of a test run needs to survive a power cut. */
const FAST_SETTINGS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', shared_buffers: '64MB' };

/** Set when the run has a server of its own. */
let stopEmbedded: (() => Promise<void>) | undefined;

/**
 * Once per run: a server (of `TEST_DATABASE_URL`, else an embedded one in a temporary directory) with a database in which all
 * migrations have run. Test files clone that.
 */
export async function start(): Promise<void> {
  const serverUrl = process.env.TEST_DATABASE_URL ?? (await startEmbedded());
  process.env[SERVER_URL] = serverUrl;
  process.env[TEMPLATE_NAME] = await createTemplate(serverUrl);
}

export async function stop(): Promise<void> {
  await stopEmbedded?.();
}

async function startEmbedded(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'telemetry-processor-test-'));
  await chmod(directory, 0o755);
  const server = await EmbeddedServer.start({
    dataDir: directory,
    database: 'postgres',
    settings: FAST_SETTINGS,
    initdbArguments: ['--no-sync'],
  });
  stopEmbedded = async () => {
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  };
  return server.url;
}

/** The name tells the migrations' content, so a server that is kept between runs keeps its template; a half-made one never has the name. */
async function createTemplate(serverUrl: string): Promise<string> {
  const name = `template_${await migrationsHash()}`;
  const draft = `${name}_draft`;
  const admin = new pg.Client({ connectionString: serverUrl });
  await admin.connect();
  try {
    await admin.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [name]);
    const { rowCount } = await admin.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 1) return name;
    await admin.query(`DROP DATABASE IF EXISTS ${draft}`);
    await admin.query(`CREATE DATABASE ${draft} TEMPLATE template0 ENCODING 'UTF8'`);
    const url = new URL(serverUrl);
    url.pathname = `/${draft}`;
    await migrate(url.href);
    await admin.query(`ALTER DATABASE ${draft} RENAME TO ${name}`);
    return name;
  } finally {
    await admin.end();
  }
}

async function migrationsHash(): Promise<string> {
  const directory = join(import.meta.dirname, '../../migrations');
  const hash = createHash('sha256');
  for (const name of (await readdir(directory)).sort()) {
    hash.update(`${name}\0`).update(await readFile(join(directory, name)));
  }
  return hash.digest('hex').slice(0, 16);
}
