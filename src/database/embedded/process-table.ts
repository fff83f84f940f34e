import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Whether a process with this id exists, whoever owns it. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The command line of a live process as separate arguments (Linux) or split at spaces; undefined when there is none. */
export async function commandLine(pid: number): Promise<string[] | undefined> {
  if (!isRunning(pid)) return undefined;
  const words = process.platform === 'linux' ? await fromProc(pid) : await fromPs(pid);
  return words.length === 0 ? undefined : words;
}

/** Empty for a process that has ended but was not waited for (a zombie). */
async function fromProc(pid: number): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return text.split('\0').filter((word) => word !== '');
}

async function fromPs(pid: number): Promise<string[]> {
  const { stdout } = await run('ps', ['-o', 'command=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
  return stdout
    .trim()
    .split(' ')
    .filter((word) => word !== '');
}
