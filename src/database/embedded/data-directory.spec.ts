import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDataDirectory } from './data-directory.js';

describe('createDataDirectory', () => {
  let base: string;

  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'telemetry-processor-data-'));
  });

  afterEach(() => rm(base, { recursive: true }));

  it('makes every missing folder, closed to reading by others, also when two do so at once', async () => {
    const path = join(base, 'a/b/c');
    expect(await Promise.all([createDataDirectory(path), createDataDirectory(path)])).toEqual([path, path]);
    expect((await stat(path)).mode & 0o066).toBe(0);
    expect(await createDataDirectory(path)).toBe(path);
  });

  it('names the setting and the path where there can be no folder', async () => {
    const f = async (path: string, want: string) => {
      await expect(createDataDirectory(path)).rejects.toThrow(`DATA_DIR ${path} cannot be created: ${want}`);
    };
    const file = join(base, 'file');
    await writeFile(file, '');
    await f(file, `${file} is not a folder`);
    await f(join(file, 'below'), 'ENOTDIR');
    // Node's own recursive mkdir never comes back from here.
    if (process.platform === 'linux') await f('/proc/nothing/data', 'no folder can be made in /proc');
  });
});
