import { open, rename, stat } from 'node:fs/promises';

/** The log is set aside as `<file>.1` at a start that finds it larger than this, bytes. */
const LARGE = 16 * 1024 * 1024;
const TAIL = 8_192;

/** Sets a log aside that has grown large; one older log is kept. */
export async function rotateLog(file: string): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (found !== undefined && found.size > LARGE) await rename(file, `${file}.1`);
}

/** Size of the log in bytes, 0 when there is none. */
export async function logSize(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.size ?? 0;
}

/** The last lines written after byte `from`, at most ten. */
export async function logTail(file: string, from: number): Promise<string> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (handle === undefined) return '';
  try {
    const { size } = await handle.stat();
    const start = Math.max(from, size - TAIL);
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(TAIL), position: start });
    return buffer.toString('utf8', 0, bytesRead).trimEnd().split('\n').slice(-10).join('\n');
  } finally {
    await handle.close();
  }
}
