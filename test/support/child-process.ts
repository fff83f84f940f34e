import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

const HOOKS = join(import.meta.dirname, 'typescript-hooks.mjs');

/** A process that runs a TypeScript file of the tests, so that a test may kill it. */
export class ScriptProcess {
  private output = '';
  private readonly exited: Promise<number | null>;

  private constructor(private readonly child: ChildProcess) {
    const collect = (chunk: Buffer) => (this.output += chunk.toString());
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    this.exited = new Promise((resolve) => child.once('exit', resolve));
  }

  /** Starts `file` with `args` in a process that inherits nothing but the environment. */
  static start(file: string, ...args: string[]): ScriptProcess {
    const argv = ['--no-warnings', '--import', HOOKS, file, ...args];
    return new ScriptProcess(spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  /** Everything written so far to stdout and stderr. */
  get text(): string {
    return this.output;
  }

  /** Waits until the output matches; throws when the process ends or `within` ms pass before. */
  async says(pattern: RegExp, within = 20_000): Promise<RegExpExecArray> {
    for (let waited = 0; waited < within; waited += 20) {
      const match = pattern.exec(this.output);
      if (match !== null) return match;
      if (this.child.exitCode !== null || this.child.signalCode !== null) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`The process did not say ${String(pattern)}: ${this.output}`);
  }

  /** Sends a signal that does not end it. */
  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Sends the signal and waits for the end; resolves to the exit code, null when the signal ended it. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    this.child.kill(signal);
    return this.exited;
  }

  /** Waits for the process to end by itself; resolves to the exit code. */
  exit(): Promise<number | null> {
    return this.exited;
  }
}
