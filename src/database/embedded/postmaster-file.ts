import { readFile, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { commandLine } from './process-table.js';

/** A server process that has a cluster open. */
export interface RunningServer {
  pid: number;
  port: number;
}

/** How long an incomplete file may be one that is just being written, ms. */
const WRITING = 1_000;

/**
 * The server that has the cluster open according to its `postmaster.pid` (lines: pid, data directory, start time, port, …;
 * PostgreSQL, "Database File Layout"). The file of a server that is gone is removed, also when its pid now belongs to another
 * program: PostgreSQL itself would refuse to start then. Two servers cannot arise from that, because PostgreSQL also
 * refuses while processes of the old one are attached to the cluster's shared memory.
 */
export async function findRunningServer(clusterDir: string): Promise<RunningServer | undefined> {
  const file = join(clusterDir, 'postmaster.pid');
  let recorded = await read(file);
  if (recorded === 'incomplete') {
    await sleep(WRITING);
    recorded = await read(file);
  }
  if (recorded === undefined) return undefined;
  if (recorded !== 'incomplete' && (await hasOpen(recorded.pid, clusterDir))) return recorded;
  await rm(file, { force: true });
  return undefined;
}

async function read(file: string): Promise<RunningServer | 'incomplete' | undefined> {
  if ((await stat(file).catch(() => undefined)) === undefined) return undefined;
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n');
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  return pid > 0 && port > 0 ? { pid, port } : 'incomplete';
}

/** A server started by hand may have been told its directory in the environment, so only another `-D` speaks against it. */
async function hasOpen(pid: number, clusterDir: string): Promise<boolean> {
  const [program, ...args] = (await commandLine(pid)) ?? [];
  if (program === undefined || !['postgres', 'postmaster'].includes(basename(program))) return false;
  return !args.includes('-D') || args.join(' ').includes(clusterDir);
}
