import { execFile, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { ScriptProcess } from '../../support/child-process.js';
import { eventually } from '../../support/eventually.js';

const OWNER = join(import.meta.dirname, 'embedded-server.process.ts');

describe('EmbeddedServer', () => {
  /** A stopped server's directory; what the tests start from is a copy of it. */
  let model: string;
  let dataDir: string;
  const owners: ScriptProcess[] = [];

  beforeAll(async () => {
    dataDir = model = join(await temporaryDirectory(), 'data');
    await stopped();
  }, 60_000);

  beforeEach(async () => {
    dataDir = join(await temporaryDirectory(), 'data');
    await promisify(execFile)('cp', ['-a', model, dataDir]);
  });

  afterAll(() => rm(join(model, '..'), { recursive: true, force: true }));

  afterEach(async () => {
    await Promise.all(owners.splice(0).map((owner) => owner.end('SIGKILL')));
    const pid = await postmasterPid();
    if (pid !== undefined) await kill(pid, 'SIGQUIT');
    await rm(join(dataDir, '..'), { recursive: true, force: true });
  });

  const postmasterPid = async () => {
    const file = await readFile(join(dataDir, 'postgres/postmaster.pid'), 'utf8').catch(() => undefined);
    return file === undefined ? undefined : Number(file.split('\n')[0]);
  };
  const launch = () => {
    const owner = ScriptProcess.start(OWNER, dataDir);
    owners.push(owner);
    return owner;
  };
  const ready = async (owner: ScriptProcess) => {
    const [, pid, url = ''] = await owner.says(/ready (\d+) (\S+) \./);
    return { owner, pid: Number(pid), url };
  };
  const own = () => ready(launch());
  const stopped = async () => (await own()).owner.end('SIGTERM');

  it('is created, keeps its data over a stop and a start, and leaves nothing running', async () => {
    await rm(dataDir, { recursive: true });
    const first = await own();
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    expect(await first.owner.end('SIGTERM')).toBe(0);
    expect(isAlive(first.pid)).toBe(false);
    const second = await own();
    expect(await query(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    expect(await second.owner.end('SIGTERM')).toBe(0);
    expect(isAlive(second.pid)).toBe(false);
  }, 60_000);

  it('is durable, UTF-8, closed to others, and asks for the password', async () => {
    const { url } = await own();
    const [settings] = await query(
      url,
      `SELECT current_setting('fsync') AS fsync, current_setting('server_encoding') AS encoding,
         current_setting('listen_addresses') AS addresses, current_setting('data_checksums') AS checksums`,
    );
    expect(settings).toEqual({ fsync: 'on', encoding: 'UTF8', addresses: '127.0.0.1', checksums: 'on' });
    expect((await stat(join(dataDir, 'postgres'))).mode & 0o777).toBe(0o700);
    expect((await stat(join(dataDir, 'postgres.password'))).mode & 0o777).toBe(0o600);
    const guess = new URL(url);
    guess.password = 'guess';
    await expect(query(guess.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
    expect((await readdir(dataDir)).sort()).toEqual(['postgres', 'postgres.log', 'postgres.password']);
  }, 60_000);

  it('is adopted, not started again, after its owner was killed', async () => {
    const first = await own();
    await first.owner.end('SIGKILL');
    expect(isAlive(first.pid)).toBe(true);
    const second = await own();
    expect([second.pid, second.url]).toEqual([first.pid, first.url]);
    expect(await second.owner.end('SIGTERM')).toBe(0);
    expect(isAlive(first.pid)).toBe(false);
  }, 60_000);

  it('shuts down behind an owner that exits without stopping it', async () => {
    const { owner, pid } = await own();
    await owner.end('SIGUSR2');
    await eventually(() => !isAlive(pid));
  }, 60_000);

  it('starts over the lock file of a server that was killed, also when its pid belongs to another program', async () => {
    const first = await own();
    await first.owner.end('SIGKILL');
    await kill(first.pid, 'SIGKILL');
    const second = await own();
    expect(second.pid).not.toBe(first.pid);
    await second.owner.end('SIGKILL');
    await kill(second.pid, 'SIGKILL');
    const stranger = spawn('sleep', ['60']);
    try {
      const file = join(dataDir, 'postgres/postmaster.pid');
      const lines = (await readFile(file, 'utf8')).split('\n');
      await writeFile(file, [String(stranger.pid), ...lines.slice(1)].join('\n'));
      const third = await own();
      expect(third.pid).not.toBe(stranger.pid);
    } finally {
      stranger.kill();
    }
  }, 60_000);

  it('starts over an empty lock file', async () => {
    await writeFile(join(dataDir, 'postgres/postmaster.pid'), '');
    await own();
  }, 60_000);

  it('refuses a second owner with one sentence, and the first goes on', async () => {
    const first = await own();
    const second = launch();
    await second.says(/refused: Another telemetry-processor uses DATA_DIR \S+: stop it/);
    expect(await second.exit()).toBe(1);
    expect(await query(first.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  }, 60_000);

  it('belongs to one of two processes that create it at the same time', async () => {
    await rm(dataDir, { recursive: true });
    const both = [launch(), launch()];
    const said = await Promise.all(both.map((owner) => owner.says(/(ready|refused)/)));
    expect(said.map(([, word]) => word).sort()).toEqual(['ready', 'refused']);
  }, 60_000);

  it('is started again on the same port when it crashes', async () => {
    const { pid, url, owner } = await own();
    await kill(pid, 'SIGKILL');
    expect(await eventually(() => query(url, 'SELECT 1 AS one'), 20_000)).toEqual([{ one: 1 }]);
    expect(await postmasterPid()).not.toBe(pid);
    expect(await owner.end('SIGTERM')).toBe(0);
    expect(await postmasterPid()).toBeUndefined();
  }, 60_000);

  it('is still watched when it was adopted', async () => {
    const first = await own();
    await first.owner.end('SIGKILL');
    await own();
    await kill(first.pid, 'SIGKILL');
    expect(await eventually(() => query(first.url, 'SELECT 1 AS one'), 20_000)).toEqual([{ one: 1 }]);
  }, 60_000);

  it('is created anew after an interrupted creation', async () => {
    await rm(dataDir, { recursive: true });
    const interrupted = launch();
    await eventually(async () => (await readdir(dataDir)).some((name) => name.startsWith('postgres.init-')));
    await interrupted.end('SIGKILL');
    expect(await readdir(dataDir)).not.toContain('postgres');
    await own();
    expect((await readdir(dataDir)).filter((name) => name.startsWith('postgres.init-'))).toEqual([]);
  }, 60_000);

  it('names the cause when the directory cannot be used', async () => {
    const refusal = async (pattern: RegExp) => {
      const owner = launch();
      await owner.says(pattern);
      expect(await owner.exit()).toBe(1);
    };
    await writeFile(join(dataDir, 'postgres/PG_VERSION'), '13\n');
    await refusal(/refused: \S+ was written by PostgreSQL 13, the embedded server is PostgreSQL \d+: /);
    await rm(join(dataDir, 'postgres'), { recursive: true });
    await mkdir(join(dataDir, 'postgres'));
    await writeFile(join(dataDir, 'postgres/letter.txt'), 'dear');
    await refusal(/refused: \S+ is not a PostgreSQL cluster: /);
  }, 60_000);

  it('shows the end of its log when it does not start', async () => {
    await writeFile(join(dataDir, 'postgres/postgresql.auto.conf'), 'nonsense = 1\n');
    await launch().says(/refused: The embedded database does not start; its log ends with:\n.*"nonsense"/s);
  }, 60_000);
});

/** Everybody may enter it, as the server runs as another user when the tests run as root. */
async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'telemetry-processor-embedded-'));
  await chmod(path, 0o755);
  return path;
}

async function query(url: string, sql: string): Promise<object[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    return (await client.query<object>(sql)).rows;
  } finally {
    await client.end();
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function kill(pid: number, signal: NodeJS.Signals): Promise<void> {
  if (isAlive(pid)) process.kill(pid, signal);
  await eventually(() => !isAlive(pid));
}
