/** Builds when dist is missing or older than what it is built from. Runs on Node 20 and later. */
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync, utimesSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Touched by every build, also when the compiler finds nothing to write again. */
const OUTPUT = 'dist/src/main.js';
const FOLDERS = ['src', 'migrations'];
const FILES = ['nest-cli.json', 'package-lock.json', 'package.json'];

const reason = staleBecause();
if (reason !== undefined) {
  console.log(`Building: ${reason}`);
  build();
}

/** @returns {string | undefined} why a build is needed */
function staleBecause() {
  const built = modified(OUTPUT);
  if (built === undefined) return 'there is no build yet';
  const newer = sources().find((path) => (modified(path) ?? 0) > built);
  return newer === undefined ? undefined : `${newer} has changed`;
}

/** @returns {string[]} every file that the build depends on, relative to the root */
function sources() {
  const inFolders = FOLDERS.flatMap((folder) => {
    const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
    // Folders too: their time changes when a file is removed or renamed.
    return [folder, ...entries.map((entry) => join((entry.parentPath ?? entry.path).slice(root.length), entry.name))];
  });
  const configurations = readdirSync(root).filter((name) => /^tsconfig.*\.json$/.test(name));
  return [...inFolders.filter((path) => !path.endsWith('.spec.ts')), ...FILES, ...configurations];
}

/** @param {string} path */
function modified(path) {
  return statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs;
}

function build() {
  const bin = join(root, 'node_modules', '.bin');
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
  const { status, error } = spawnSync('nest', ['build'], {
    cwd: root,
    env,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
  const now = new Date();
  utimesSync(join(root, OUTPUT), now, now);
}
