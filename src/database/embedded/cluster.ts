import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { locateBinaries, majorVersion, type PostgresBinaries } from './binaries.js';
import { createDataDirectory, unusable } from './data-directory.js';
import { EmbeddedServerError } from './embedded-server-error.js';
import { chooseLauncher, type Launcher } from './launcher.js';
import { isRunning } from './process-table.js';

/** A database cluster on disk, ready to be started. */
export interface Cluster {
  /** Absolute, without symbolic links. */
  directory: string;
  logFile: string;
  password: string;
  binaries: PostgresBinaries;
  launcher: Launcher;
}

const run = promisify(execFile);
export const SUPERUSER = 'postgres';
const CREATION_PREFIX = 'postgres.init-';

/**
 * Opens the cluster in `DATA_DIR/postgres`, creating it when there is none. It is created aside and renamed into place, so an
 * interrupted creation leaves nothing that looks like a cluster. Throws {@link EmbeddedServerError} when it cannot be used.
 */
export async function openCluster(dataDirectory: string, initdbArguments: readonly string[] = []): Promise<Cluster> {
  const binaries = await locateBinaries();
  const major = await majorVersion(binaries);
  const dataDir = await createDataDirectory(dataDirectory);
  const directory = join(dataDir, 'postgres');
  const launcher = await chooseLauncher(binaries, dataDir, directory);
  const exists = await checkCluster(directory, major);
  const password = await readPassword(join(dataDir, 'postgres.password'), exists);
  const cluster = { directory, logFile: join(dataDir, 'postgres.log'), password, binaries, launcher };
  if (!exists) await createCluster(dataDir, cluster, initdbArguments);
  return cluster;
}

/** Whether there is a cluster; throws when it is not one that these programs and this user can run. */
async function checkCluster(directory: string, major: string): Promise<boolean> {
  const found = await stat(directory).catch(() => undefined);
  if (found === undefined) return false;
  const uid = process.getuid?.();
  if (uid !== 0 && found.uid !== uid) {
    throw new EmbeddedServerError(
      `${directory} belongs to user ${found.uid}: start the service as this user or as root, or set another DATA_DIR`,
    );
  }
  const version = await readFile(join(directory, 'PG_VERSION'), 'utf8').catch(() => undefined);
  if (version === undefined) {
    if ((await readdir(directory)).length === 0) return false;
    throw new EmbeddedServerError(`${directory} is not a PostgreSQL cluster: set another DATA_DIR or remove it`);
  }
  if (version.trim() !== major) {
    throw new EmbeddedServerError(
      `${directory} was written by PostgreSQL ${version.trim()}, the embedded server is PostgreSQL ${major}: ` +
        `move the data with pg_dump and pg_restore, or set another DATA_DIR`,
    );
  }
  return true;
}

/** Reads the superuser's password, or makes one; linking a complete file lets exactly one of two processes make it. */
async function readPassword(file: string, clusterExists: boolean): Promise<string> {
  const known = await readFile(file, 'utf8').catch((cause: unknown) => {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new EmbeddedServerError(`${file} cannot be read: ${message(cause)}`, { cause });
  });
  if (known !== undefined) return known.trim();
  if (clusterExists)
    throw new EmbeddedServerError(`${file} is missing: it holds the password of the cluster beside it`);
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  const password = `${randomBytes(24).toString('base64url')}\n`;
  await writeFile(draft, password, { mode: 0o600, flush: true }).catch((cause: unknown) => {
    throw unusable(dirname(file), 'written', cause);
  });
  await link(draft, file).catch(() => undefined);
  await rm(draft);
  return (await readFile(file, 'utf8')).trim();
}

async function createCluster(dataDir: string, cluster: Cluster, initdbArguments: readonly string[]): Promise<void> {
  await removeInterrupted(dataDir);
  const workshop = join(dataDir, `${CREATION_PREFIX}${process.pid}`);
  try {
    await mkdir(workshop, { mode: 0o700 });
    const passwordFile = join(workshop, 'password');
    await writeFile(passwordFile, `${cluster.password}\n`, { mode: 0o600 });
    const { account } = cluster.launcher;
    if (account !== undefined) {
      await Promise.all([workshop, passwordFile].map((path) => chown(path, account.uid, account.gid)));
    }
    await initdb(cluster, join(workshop, 'cluster'), passwordFile, initdbArguments);
    await putInPlace(join(workshop, 'cluster'), cluster.directory);
  } finally {
    await removeTree(workshop);
  }
}

/** A collation that depends on nothing outside the server (builtin C.UTF-8), so that the data survive a change of the machine. */
async function initdb(
  { binaries, launcher }: Cluster,
  target: string,
  passwordFile: string,
  more: readonly string[],
): Promise<void> {
  const { file, args, options } = launcher.command(binaries.initdb, [
    `--pgdata=${target}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    ...more,
  ]);
  try {
    await run(file, args, { ...options, cwd: '/' });
  } catch (cause) {
    const { stderr = '' } = cause as { stderr?: string };
    throw new EmbeddedServerError(`The embedded database could not be created: ${stderr.trim() || message(cause)}`, {
      cause,
    });
  }
}

/** Another process of ours may have been faster: then its cluster, which has the same password, is as good. */
async function putInPlace(created: string, directory: string): Promise<void> {
  try {
    await rename(created, directory);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

async function removeInterrupted(dataDir: string): Promise<void> {
  const leftovers = (await readdir(dataDir)).filter((name) => name.startsWith(CREATION_PREFIX));
  for (const name of leftovers) {
    const pid = Number(name.slice(CREATION_PREFIX.length));
    if (pid === process.pid || !isRunning(pid)) await removeTree(join(dataDir, name));
  }
}

/** An initdb whose parent was killed may still be writing there for a moment; what cannot be removed now is removed another time. */
async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }).catch(() => undefined);
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
