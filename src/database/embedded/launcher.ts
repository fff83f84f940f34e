import { execFile, type SpawnOptions } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { PostgresBinaries } from './binaries.js';
import { EmbeddedServerError } from './embedded-server-error.js';

/** The user and group a program runs as. */
export interface Account {
  uid: number;
  gid: number;
}

/** How the server's programs are started: as whom, and through which wrapper. */
export interface Launcher {
  /** Undefined when they run as ourselves. */
  account: Account | undefined;
  command(file: string, args: readonly string[]): { file: string; args: string[]; options: SpawnOptions };
}

const run = promisify(execFile);

/** Accounts that the server may run as when we are root, first match first. */
const UNPRIVILEGED = ['postgres', 'nobody'];
const NOBODY: Account = { uid: 65_534, gid: 65_534 };

/** The programs need nothing of our environment, and what is in it (PGDATA, PGPORT) must not reach them. */
const ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' };

/**
 * Decides how to run the server. PostgreSQL refuses to run as root, so root hands it to the owner of an existing cluster, else to
 * `postgres` or `nobody`; if that user cannot reach the programs or the data (a checkout under a closed home directory), it gets
 * the one capability to pass closed directories through `setpriv`. No permissions of the user's own directories are changed.
 */
export async function chooseLauncher(
  binaries: PostgresBinaries,
  dataDir: string,
  clusterDir: string,
): Promise<Launcher> {
  if (process.getuid?.() !== 0) return directly(undefined);
  const account = (await ownerOf(clusterDir)) ?? (await unprivilegedAccount());
  for (const launcher of [directly(account), withCapability(account)]) {
    if (await reaches(launcher, binaries, dataDir)) return launcher;
  }
  throw new EmbeddedServerError(
    `PostgreSQL does not run as root, and user ${account.uid} cannot reach ${binaries.postgres} or ${dataDir}: ` +
      `start the service as another user, move both to a place everybody may enter, or set DATABASE_URL`,
  );
}

function directly(account: Account | undefined): Launcher {
  const options: SpawnOptions = { ...account, env: ENVIRONMENT };
  return { account, command: (file, args) => ({ file, args: [...args], options }) };
}

/**
 * CAP_DAC_OVERRIDE as an ambient capability survives the change of user and exec (capabilities(7)). Without the securebit,
 * access(2), with which initdb looks for its programs, would judge by the user alone.
 */
function withCapability(account: Account): Launcher {
  const wrapper = [
    `--reuid=${account.uid}`,
    `--regid=${account.gid}`,
    '--clear-groups',
    '--securebits=+no_setuid_fixup',
    '--inh-caps=+dac_override',
    '--ambient-caps=+dac_override',
    '--',
  ];
  return {
    account,
    command: (file, args) => ({ file: 'setpriv', args: [...wrapper, file, ...args], options: { env: ENVIRONMENT } }),
  };
}

/** Tries what counts: entering the directory, and initdb finding its programs (`--show` does no more than that). */
async function reaches(launcher: Launcher, { initdb }: PostgresBinaries, dataDir: string): Promise<boolean> {
  const probe = ['-c', 'cd "$0" && "$1" --show --pgdata="$0"', dataDir, initdb];
  const { file, args, options } = launcher.command('/bin/sh', probe);
  return run(file, args, { ...options, cwd: '/' }).then(
    () => true,
    () => false,
  );
}

async function ownerOf(directory: string): Promise<Account | undefined> {
  const owner = await stat(directory).catch(() => undefined);
  return owner === undefined || owner.uid === 0 ? undefined : { uid: owner.uid, gid: owner.gid };
}

async function unprivilegedAccount(): Promise<Account> {
  for (const name of UNPRIVILEGED) {
    const ids = await Promise.all(['-u', '-g'].map((flag) => run('id', [flag, name]))).catch(() => undefined);
    const [uid, gid] = ids?.map(({ stdout }) => Number(stdout)) ?? [];
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  }
  return NOBODY;
}
