import { join } from 'node:path';
import { ScriptProcess } from '../child-process.js';

const SERVE = join(import.meta.dirname, 'serve.ts');

/** A stand-in in a process of its own, so that its work does not count as the program's. */
export class ServedStandIn {
  private constructor(
    private readonly process: ScriptProcess,
    /** Of the API server. */
    readonly url: string,
    readonly kubeconfig: string,
    private readonly control: string,
  ) {}

  /** @param args of `serve.ts`, e.g. `--nodes`, `5000` */
  static async start(...args: string[]): Promise<ServedStandIn> {
    const process = ScriptProcess.start(SERVE, ...args);
    const [line] = await process.says(/^\{.*\}$/m, 60_000);
    const { url, control, kubeconfig } = JSON.parse(line) as Record<'url' | 'control' | 'kubeconfig', string>;
    return new ServedStandIn(process, url, kubeconfig, control);
  }

  /** Runs a command of `commands.ts`. Throws what it says when it fails. */
  async command(name: string, body: unknown = {}): Promise<unknown> {
    const response = await fetch(`${this.control}/${name}`, { method: 'POST', body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${name}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  async end(): Promise<void> {
    await this.process.end('SIGKILL');
  }
}
