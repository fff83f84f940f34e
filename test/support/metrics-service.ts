import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { eventually } from './eventually.js';

const MAIN = resolve(import.meta.dirname, '../../dist/src/main.js');

/** The built service as a process of its own, with a database in a temporary directory. */
export class ServiceProcess {
  private constructor(
    private readonly child: ChildProcess,
    private readonly directory: string,
    readonly port: number,
  ) {}

  static async start(env: Record<string, string>): Promise<ServiceProcess> {
    const directory = await mkdtemp(join(tmpdir(), 'telemetry-processor-e2e-'));
    // Run by root, the database server runs under another account, which must get there.
    await chmod(directory, 0o755);
    const port = await freePort();
    let output = '';
    const child = spawn(process.execPath, [MAIN], {
      env: { PATH: process.env['PATH'], PORT: String(port), DATA_DIR: directory, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (output += part.toString()));
    const service = new ServiceProcess(child, directory, port);
    try {
      await eventually(async () => (await fetch(`${service.url}/v1/prometheus`)).ok, 60_000);
    } catch (error) {
      await service.stop();
      throw new Error(`the service did not start: ${output}`, { cause: error });
    }
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Resident memory in bytes. */
  async residentBytes(): Promise<number> {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    return Number(/^process_resident_memory_bytes (\S+)/m.exec(text)?.[1]);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const exited = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      await exited;
    }
    await rm(this.directory, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}
