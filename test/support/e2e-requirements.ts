import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

/** Programs the end-to-end tests talk to. */
export const PEERS = ['victoria-metrics', 'vmagent', 'vmalert', 'prometheus'] as const;
export type Peer = (typeof PEERS)[number];

/** The environment variable in which the test files find the peers that are missing. */
const MISSING = 'E2E_MISSING_PEERS';

const ROOT = resolve(import.meta.dirname, '../..');

/**
 * Once per run: brings the build up to date, as `npm start` does, and looks for the peers. Under CI a missing one fails the
 * run; elsewhere the tests that need it are skipped, so that a machine with Node alone can run the rest.
 */
export function check(): void {
  build();
  const missing = PEERS.filter((peer) => !isOnPath(peer));
  process.env[MISSING] = missing.join(',');
  if (missing.length === 0) return;
  const message = `The end-to-end tests need ${missing.join(', ')} on PATH: run scripts/install-peers.sh`;
  if (isCi()) throw new Error(message);
  process.stderr.write(`${message}. Tests that need what is missing are skipped.\n`);
}

/** `describe` of tests that talk to these peers. */
export function describeWith(peers: readonly Peer[], name: string, tests: () => void): void {
  const missing = (process.env[MISSING] ?? '').split(',');
  const run = peers.some((peer) => missing.includes(peer)) ? describe.skip : describe;
  run(name, tests);
}

function build(): void {
  const { status } = spawnSync(process.execPath, [join(ROOT, 'scripts/build-when-stale.mjs')], { stdio: 'inherit' });
  if (status !== 0) throw new Error('The service cannot be built, so there is nothing to test end to end');
}

function isOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function isCi(): boolean {
  return !['', '0', 'false', undefined].includes(process.env['CI']);
}
