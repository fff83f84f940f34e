import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child, cpuSeconds, freePort, memory } from './processes.js';

const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'src', 'main.js');
const TICKS_PER_SECOND = 100;

/** What /metrics says at one moment. Reading it starts a new span for the event-loop delay. */
export class Metrics {
  constructor(private readonly text: string) {}

  /** The sum of all series of a metric, named by the end of its name, whose labels hold the text. */
  sum(name: string, labels = ''): number {
    return [...this.text.matchAll(new RegExp(`^\\w*${name}(\\{.*\\})? (\\S+)$`, 'gm'))]
      .filter(([, found]) => (found ?? '').includes(labels))
      .reduce((sum, [, , value]) => sum + Number(value), 0);
  }
}

/** The built service, as a process of its own, with its embedded PostgreSQL. */
export class WatchingService {
  private constructor(
    private readonly child: Child,
    readonly url: string,
    private readonly dataDir: string,
  ) {}

  /** Starts it and waits until it answers, ready or not. */
  static async start(dataDir: string, env: Record<string, string>): Promise<WatchingService> {
    const port = await freePort();
    const options = process.env.BENCH_NODE_OPTIONS?.split(' ') ?? [];
    const child = Child.start(process.execPath, [...options, MAIN], {
      PORT: String(port),
      DATA_DIR: dataDir,
      LOG_LEVEL: 'warn',
      ...env,
    });
    const service = new WatchingService(child, `http://127.0.0.1:${port}`, dataDir);
    await service.until(async () => (await fetch(`${service.url}/health/live`)).ok);
    return service;
  }

  async until(check: () => Promise<boolean>): Promise<void> {
    await this.child.until(async () => ((await check()) ? true : undefined));
  }

  async json<T>(path: string): Promise<T> {
    const response = await fetch(`${this.url}${path}`);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  async metrics(): Promise<Metrics> {
    return new Metrics(await (await fetch(`${this.url}/metrics`)).text());
  }

  /** Resident memory, MiB. */
  get memory(): number {
    return memory(this.child.pid);
  }

  /** CPU time so far, in seconds. */
  get cpu(): number {
    return cpuSeconds(this.child.pid);
  }

  /** CPU time of PostgreSQL so far, in seconds: of the server, of its processes now, and of those that have ended. */
  get databaseCpu(): number {
    const server = Number(readFileSync(join(this.dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
    const children = readFileSync(`/proc/${server}/task/${server}/children`, 'utf8').trim().split(' ').map(Number);
    const fields = readFileSync(`/proc/${server}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    const ended = (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND;
    return [server, ...children].reduce((sum, pid) => sum + cpuOrNothing(pid), ended);
  }

  get output(): string {
    return this.child.text;
  }

  stop(): Promise<void> {
    return this.child.stop();
  }
}

function cpuOrNothing(pid: number): number {
  try {
    return cpuSeconds(pid);
  } catch {
    return 0;
  }
}
