import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Settings of another deployment that must not leak into the demo. */
const FOREIGN_SETTINGS = [
  'CONFIG_PATH',
  'DATABASE_URL',
  'AUTH_MODE',
  'AUTH_TOKENS',
  'AUTH_TOKENS_FILE',
  'STORAGE_REMOTE_WRITE_ENDPOINTS',
];

/** The service as a child process with a database of its own. */
export class ServiceProcess {
  #child;
  /** Whether warnings are passed on too: while the service starts there are some that mean nothing. */
  reportsWarnings = false;
  /** Resolves when the child has ended. */
  ended;
  /** Resolves with the service's URL; never when it does not start. */
  ready;

  /** @param {{ port: string, storage: string | undefined, dataDir: string, report: (line: string) => void }} options */
  constructor({ port, storage, dataDir, report }) {
    const own = Object.entries(process.env).filter(([name]) => !FOREIGN_SETTINGS.includes(name));
    const env = {
      ...Object.fromEntries(own),
      HOST: '127.0.0.1',
      PORT: port,
      DATA_DIR: dataDir,
      CLUSTER_NAME: 'demo',
      KUBERNETES_MODE: 'off',
      LOG_LEVEL: 'info',
      LOG_FORMAT: 'json',
      STORAGE_REMOTE_WRITE_URL: storage ?? '',
    };
    // In a process group of its own: Ctrl-C reaches the demo alone, which says goodbye before it stops the service.
    const options = { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'], detached: true };
    this.#child = spawn(process.execPath, ['--enable-source-maps', 'dist/src/main.js'], options);
    this.ended = once(this.#child, 'exit').then(([code]) => code ?? 1);
    this.ready = this.#readLog(report);
  }

  /** Asks the service to stop and waits until it has. */
  async stop() {
    this.#child.kill('SIGTERM');
    return this.ended;
  }

  /** Ends the service at once. */
  kill() {
    this.#child.kill('SIGKILL');
  }

  #readLog(report) {
    return new Promise((resolve) => {
      createInterface(this.#child.stdout).on('line', (line) => {
        const { level, msg, api, err } = parse(line);
        if (api !== undefined) resolve(api);
        const isMinor = level === 'info' || level === 'debug' || (level === 'warn' && !this.reportsWarnings);
        if (!isMinor) report(`${level} ${msg}${err?.message ? `: ${err.message}` : ''}`);
      });
    });
  }
}

/** Builds the service when its sources have changed. Returns the exit code. */
export function build() {
  const { status } = spawnSync(process.execPath, ['scripts/build-when-stale.mjs'], { cwd: root, stdio: 'inherit' });
  return status ?? 1;
}

function parse(line) {
  try {
    return JSON.parse(line);
  } catch {
    return { level: '', msg: line };
  }
}
