import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Program, type ProgramOptions } from './e2e-program.js';

const MAIN = resolve(import.meta.dirname, '../../dist/src/main.js');

export interface ServiceOptions {
  readonly port: number;
  readonly dataDir: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Another way of starting it than Node on the built entry file. */
  readonly launcher?: Pick<ProgramOptions, 'command' | 'args' | 'cwd' | 'leadsGroup'>;
}

/** The built service as a process of its own. */
export class Service extends Program {
  readonly url: string;
  private readonly dataDir: string;

  constructor({ port, dataDir, env, launcher }: ServiceOptions) {
    const url = `http://127.0.0.1:${port}`;
    super({
      name: 'service',
      command: process.execPath,
      args: [MAIN],
      ...launcher,
      env: { PORT: String(port), DATA_DIR: dataDir, LOG_FORMAT: 'json', KUBERNETES_MODE: 'off', ...env },
      ready: `${url}/health/ready`,
    });
    this.url = url;
    this.dataDir = dataDir;
  }

  get remoteWriteUrl(): string {
    return `${this.url}/v1/prometheus/api/v1/write`;
  }

  /** Replaces the inventory; throws unless the service accepts it. */
  async putInventory(inventory: object): Promise<void> {
    const response = await fetch(`${this.url}/v1/pods/inventory`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(inventory),
    });
    if (!response.ok) throw new Error(`inventory refused: ${response.status} ${await response.text()}`);
  }

  /** The sum of a metric of the metrics path over all series whose line holds the text, e.g. `outcome="emitted"`. */
  async selfMetric(name: string, text = ''): Promise<number> {
    const exposition = await (await fetch(`${this.url}/metrics`)).text();
    return exposition
      .split('\n')
      .filter(
        (line) => /^primus_lens_telemetry_processor_metrics_([a-z_]+)/.exec(line)?.[1] === name && line.includes(text),
      )
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  /** Process id of the embedded database's server, undefined when none is running. */
  async databasePid(): Promise<number | undefined> {
    const file = await readFile(join(this.dataDir, 'postgres', 'postmaster.pid'), 'utf8').catch(() => '');
    const pid = Number(file.split('\n')[0]);
    return pid > 0 && isAlive(pid) ? pid : undefined;
  }

  /** Also ends the database that a killed service has left running. */
  override async close(): Promise<void> {
    await super.close();
    const pid = await this.databasePid();
    if (pid !== undefined) process.kill(pid, 'SIGQUIT');
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
