import { spawn, type ChildProcess } from 'node:child_process';
import { eventually } from './eventually.js';

export interface ProgramOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** URL that answers 200 once the program can be used. */
  readonly ready: string;
  /** Whether it leads a process group, as a program started in a terminal does. */
  readonly leadsGroup?: boolean;
}

/** How a program ended: its exit code, or the signal that ended it. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Longest wait for a program to become ready or to end, ms; a cold start on a busy machine takes a while. */
const PATIENCE = 60_000;
const POLL = 50;
/** Output kept for the report of a failure. */
const TAIL_LINES = 10;
const TAIL_COLUMNS = 500;

/** Another program that a test starts, kills and starts again with the same arguments. Its output is kept. */
export class Program {
  private child: ChildProcess | undefined;
  private ending: Promise<Ending> | undefined;
  private output = '';

  constructor(private readonly options: ProgramOptions) {}

  get name(): string {
    return this.options.name;
  }

  /** Everything it wrote to stdout and stderr, over all starts. */
  get text(): string {
    return this.output;
  }

  get running(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** The end of the output, for the report of a failure. */
  get tail(): string {
    // Lines of stack traces would be taken for the test's own.
    const lines = this.output.split('\n').filter((line) => line !== '' && !/^\s+at /.test(line));
    const cut = lines.slice(-TAIL_LINES).map((line) => line.slice(0, TAIL_COLUMNS));
    return `--- ${this.name}${this.running ? '' : ' (not running)'} ---\n${cut.join('\n')}`;
  }

  /** Starts it without waiting for anything. */
  launch(): void {
    if (this.running) throw new Error(`${this.name} is running already`);
    const { command, args, env, cwd, leadsGroup } = this.options;
    const base = { PATH: process.env['PATH'], HOME: process.env['HOME'] };
    const child = spawn(command, args, {
      cwd,
      env: { ...base, ...env },
      detached: leadsGroup === true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (part: Buffer) => (this.output += part.toString()));
    }
    this.child = child;
    this.ending = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        resolve({ code, signal });
      });
    });
    this.ending.catch(() => undefined);
  }

  /** Starts it and waits until it can be used; throws when it ends before. */
  async start(): Promise<void> {
    this.launch();
    await this.ready();
  }

  /** Waits until it can be used; throws when it ends before. */
  async ready(): Promise<void> {
    const isReady = eventually(async () => !this.running || (await fetch(this.options.ready)).ok, PATIENCE, POLL);
    await isReady;
    if (!this.running) throw new Error(`${this.name} ended while it was waited for`);
  }

  /** Waits until the output since `from` matches. */
  async says(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    return eventually(() => pattern.exec(this.output.slice(from)), PATIENCE, POLL);
  }

  /** Waits for the program to end by itself. */
  async ended(): Promise<Ending> {
    if (this.ending === undefined) throw new Error(`${this.name} was never started`);
    return this.ending;
  }

  /** Sends the signal, to the whole group when it leads one, and waits for the end. */
  async end(signal: NodeJS.Signals): Promise<Ending> {
    if (this.running && this.child?.pid !== undefined) {
      process.kill(this.options.leadsGroup === true ? -this.child.pid : this.child.pid, signal);
    }
    return this.ended();
  }

  /** Ends it whatever state it is in: politely, and by force after a while. */
  async close(): Promise<void> {
    if (!this.running) return;
    const timer = setTimeout(() => this.child?.kill('SIGKILL'), PATIENCE / 2);
    await this.end('SIGTERM').finally(() => {
      clearTimeout(timer);
    });
  }
}
