import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';

const TICKS_PER_SECOND = 100;

/** CPU time of a whole process so far, user and system, in seconds. (proc(5), /proc/pid/stat) */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Largest resident memory of a process so far, in MiB. */
export function peakMemory(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
}

/** Resident memory of a process now, in MiB. */
export function memory(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
}

/** A port that is free now, above 20000. */
export async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    if (port > 20_000) return port;
  }
}

/** A child whose output is kept for the case that it fails. */
export class Child {
  private output = '';

  private constructor(readonly process: ChildProcess) {
    for (const stream of [process.stdout, process.stderr]) {
      stream?.on('data', (part: Buffer) => (this.output = (this.output + part.toString()).slice(-10_000)));
    }
  }

  static start(command: string, args: readonly string[], env: Record<string, string> = {}): Child {
    return new Child(spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  /** Waits until `check` gives something, asking every 50 ms. */
  async until<T>(check: () => T | undefined | Promise<T | undefined>): Promise<T> {
    for (let tries = 0; tries < 1_200; tries++) {
      if (this.process.exitCode !== null) break;
      const result = await Promise.resolve(check()).catch(() => undefined);
      if (result !== undefined) return result;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`${this.process.spawnfile} is not ready: ${this.output}`);
  }

  firstLine(): Promise<string> {
    return this.until(() => (this.output.includes('\n') ? (this.output.split('\n')[0] ?? '') : undefined));
  }

  get text(): string {
    return this.output;
  }

  async stop(): Promise<void> {
    if (this.process.exitCode !== null) return;
    const exited = once(this.process, 'exit');
    this.process.kill('SIGTERM');
    await exited;
  }
}
