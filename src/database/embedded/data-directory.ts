import { mkdir, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EmbeddedServerError } from './embedded-server-error.js';

/** Root's directory stays open for passing through, because the server runs as another user below it. */
const MODE = process.getuid?.() === 0 ? 0o711 : 0o700;

/**
 * Makes DATA_DIR with every folder above it that is missing and returns its real path; throws {@link EmbeddedServerError}.
 * Folder by folder, because Node's recursive mkdir never ends where a file system answers ENOENT below a folder that exists,
 * as /proc does.
 */
export async function createDataDirectory(path: string): Promise<string> {
  try {
    for (const folder of await missingFolders(path)) await createFolder(folder);
    return await realpath(path);
  } catch (cause) {
    throw unusable(path, 'created', cause);
  }
}

/** What is said when something cannot be done with the data directory: the setting, the path and the reason, in one line. */
export function unusable(path: string, done: string, cause: unknown): EmbeddedServerError {
  const reason = (cause as Error).message;
  return new EmbeddedServerError(`DATA_DIR ${path} cannot be ${done}: ${reason}`, { cause });
}

/** The folder and those above it that do not exist, the topmost first. */
async function missingFolders(path: string): Promise<string[]> {
  const found = await stat(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (found !== undefined && !found.isDirectory()) throw new Error(`${path} is not a folder`);
  return found === undefined ? [...(await missingFolders(dirname(path))), path] : [];
}

/** Another process may make it at the same time. */
async function createFolder(path: string): Promise<void> {
  await mkdir(path, { mode: MODE }).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') throw new Error(`no folder can be made in ${dirname(path)}`, { cause: error });
    if (codeOf(error) !== 'EEXIST') throw error;
  });
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
