import fc from 'fast-check';
import { jsonLines } from './json-lines.js';

async function* inPieces(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Uint8Array, void> {
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1))), bytes.length].sort((a, b) => a - b);
  let start = 0;
  for (const end of ends) {
    yield bytes.subarray(start, end);
    start = end;
  }
  await Promise.resolve();
}

const linesOf = async (bytes: Buffer, cuts: readonly number[] = [], maxBytes = 1_000) => {
  const lines: string[] = [];
  for await (const line of jsonLines(inPieces(bytes, cuts), maxBytes)) lines.push(line);
  return lines;
};

describe('jsonLines', () => {
  it('gives the same lines however the bytes are cut', async () => {
    const line = fc.string({ unit: 'grapheme' }).map((value) => JSON.stringify(value));
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.array(fc.nat()), async (lines, cuts) => {
        const bytes = Buffer.from(lines.map((each) => `${each}\n`).join(''));
        expect(await linesOf(bytes, cuts, 10_000)).toEqual(lines);
      }),
    );
  });

  it('gives whole lines before the cut, then throws, wherever the stream is cut', async () => {
    const bytes = Buffer.from('{"a":"é"}\n\n{"b":"😀"}\n');
    for (let length = 0; length <= bytes.length; length++) {
      const lines: string[] = [];
      const reading = async () => {
        for await (const line of jsonLines(inPieces(bytes.subarray(0, length), []), 100)) lines.push(line);
      };
      const atBoundary = bytes.subarray(0, length).toString('latin1').split('\n').at(-1) === '';
      if (atBoundary) await reading();
      else await expect(reading()).rejects.toMatchObject({ status: 0, reason: 'Network' });
      const whole = length < 11 ? 0 : length < bytes.length ? 1 : 2;
      expect(lines).toEqual(['{"a":"é"}', '{"b":"😀"}'].slice(0, whole));
    }
  });

  it('refuses a line without end', async () => {
    const endless = Buffer.alloc(101, 'x');
    await expect(linesOf(endless, [10, 50], 100)).rejects.toMatchObject({ reason: 'Malformed' });
  });

  it('reads on only when asked', async () => {
    let read = 0;
    async function* counting(): AsyncGenerator<Uint8Array, void> {
      for (; read < 100; read++) yield Buffer.from('1\n2\n');
      await Promise.resolve();
    }
    const lines = jsonLines(counting(), 100);
    await lines.next();
    await lines.next();
    expect(read).toBe(0);
    await lines.next();
    expect(read).toBe(1);
    await lines.return();
  });
});
