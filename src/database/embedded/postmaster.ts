import { spawn, type ChildProcess } from 'node:child_process';
import { open } from 'node:fs/promises';
import { pause } from '../backoff.js';
import type { Cluster } from './cluster.js';
import { isRunning } from './process-table.js';
import { logSize, logTail, rotateLog } from './server-log.js';

export type ServerSettings = Readonly<Record<string, string>>;

/** A small durable server. What PostgreSQL's own defaults say well (fsync, synchronous_commit, checksums) is left to them. */
const SETTINGS: ServerSettings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '128MB',
  wal_compression: 'on',
  log_line_prefix: '%m [%p] %a ',
  log_timezone: 'UTC',
  timezone: 'UTC',
  // A peer that vanished loses its session, and the locks of it, within half a minute.
  tcp_keepalives_idle: '10',
  tcp_keepalives_interval: '5',
  tcp_keepalives_count: '3',
  // Parallel plans need /dev/shm, of which containers have little.
  max_parallel_workers_per_gather: '0',
};

/** After which time a fast shutdown becomes an immediate one (recovery at the next start), and the wait for that one, ms. */
const FAST_SHUTDOWN = 30_000;
const IMMEDIATE_SHUTDOWN = 10_000;
const POLL = 25;

/** A server process that we started ourselves. */
export class Postmaster {
  private failure: Error | undefined;

  private constructor(
    private readonly child: ChildProcess,
    private readonly logFile: string,
    private readonly logStart: number,
  ) {
    child.once('error', (error) => {
      this.failure = error;
    });
  }

  /**
   * Starts a server in a session of its own, so that Ctrl-C in our terminal does not reach it before we have finished with it.
   * Returns before it accepts connections.
   */
  static async start(cluster: Cluster, port: number, settings: ServerSettings): Promise<Postmaster> {
    await rotateLog(cluster.logFile);
    const logStart = await logSize(cluster.logFile);
    const log = await open(cluster.logFile, 'a', 0o600);
    try {
      const { account } = cluster.launcher;
      if (account !== undefined) await log.chown(account.uid, account.gid);
      const all = Object.entries({ ...SETTINGS, port: String(port), ...settings });
      const { file, args, options } = cluster.launcher.command(cluster.binaries.postgres, [
        '-D',
        cluster.directory,
        ...all.flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ]);
      const child = spawn(file, args, { ...options, cwd: '/', detached: true, stdio: ['ignore', log.fd, log.fd] });
      child.unref();
      return new Postmaster(child, cluster.logFile, logStart);
    } finally {
      await log.close();
    }
  }

  /** Undefined when it has ended. */
  get pid(): number | undefined {
    return this.hasExited ? undefined : this.child.pid;
  }

  get hasExited(): boolean {
    return this.failure !== undefined || this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** What the server said since its start, for the message about its failure. */
  async lastWords(): Promise<string> {
    return this.failure?.message ?? (await logTail(this.logFile, this.logStart));
  }
}

/** Shuts a server down in the fast way (sessions are ended, data are flushed) and waits until it is gone. */
export async function stopServer(pid: number): Promise<void> {
  signalServer(pid, 'SIGINT');
  if (await isGone(pid, FAST_SHUTDOWN)) return;
  signalServer(pid, 'SIGQUIT');
  if (!(await isGone(pid, IMMEDIATE_SHUTDOWN))) throw new Error(`The embedded database (pid ${pid}) does not stop`);
}

/** Sends a signal (SIGINT: fast shutdown) without waiting for its effect. */
export function signalServer(pid: number, signal: 'SIGINT' | 'SIGQUIT'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended already.
  }
}

async function isGone(pid: number, within: number): Promise<boolean> {
  for (let waited = 0; waited < within; waited += POLL) {
    if (!isRunning(pid)) return true;
    await pause(POLL);
  }
  return false;
}
