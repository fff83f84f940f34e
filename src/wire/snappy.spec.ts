import fc from 'fast-check';
import { cpuMs, damaged, survive, truncated } from '../../test/support/fuzz.js';
import { MalformedPayload, PayloadLimitExceeded } from './malformed-payload.js';
import { findSnappyFault } from './snappy-fault.js';
import { portableCodec, snappyCodec, snappyCompress, snappyUncompress, type SnappyCodec } from './snappy.js';

const LIMIT = 1 << 20;
const CODECS: readonly SnappyCodec[] = [snappyCodec, portableCodec()];

const uncompress = (bytes: Buffer, codec = snappyCodec): Buffer => snappyUncompress(bytes, LIMIT, 'THE_LIMIT', codec);

/** Bytes with and without repetitions, as literals and copies of all kinds come from. */
const content = fc
  .oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.array(fc.constantFrom('gpu_id', 'hostname', 'a', '\0\0\0\0'), { maxLength: 200 }).map((words) => words.join('')),
    fc
      .tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 3_000 }))
      .map(([piece, times]) => Buffer.concat(Array<Uint8Array>(times).fill(piece))),
  )
  .map((all) => Buffer.from(all as Uint8Array));

function outcomeOf(bytes: Buffer, codec: SnappyCodec): string {
  try {
    return uncompress(bytes, codec).toString('base64');
  } catch (error) {
    return String(error);
  }
}

const VALID = [
  '',
  'a',
  'workload_gpu_power{gpu_id="0"}'.repeat(30),
  Array.from({ length: 400 }, (_, i) => String(i * 7919)).join(','),
].map((text) => snappyCompress(Buffer.from(text)));

describe('snappy', () => {
  it('runs on the native codec where tests run', () => {
    expect(snappyCodec.name).toBe('native');
  });

  it('either codec reads what either has written', () => {
    fc.assert(
      fc.property(content, (original) => {
        for (const from of CODECS) {
          const compressed = from.compress(original);
          expect(findSnappyFault(compressed)).toBeUndefined();
          for (const to of CODECS) expect(uncompress(compressed, to).equals(original)).toBe(true);
        }
      }),
    );
  });

  it.each([
    ['an empty body', '', 'empty snappy block at byte 0'],
    ['a preamble without an end', '8080', 'truncated snappy preamble at byte 2'],
    ['a preamble of six bytes', '818080808000', 'snappy preamble longer than five bytes at byte 5'],
    ['less than declared', '050061', 'snappy data ends after 1 of 5 declared bytes at byte 3'],
    ['more than declared', '010461626364', 'snappy data longer than declared at byte 1'],
    ['data after the end', '01006100ff', 'snappy data longer than declared at byte 3'],
    ['a copy from before the start', '050101', 'snappy copy from before the start at byte 1'],
    ['a copy of distance zero', '0800610100', 'snappy copy from before the start at byte 3'],
    ['a truncated literal', '0af0', 'truncated snappy element at byte 1'],
    ['a truncated copy', '0800610e01', 'truncated snappy element at byte 3'],
    ['the framed format', 'ff060000734e61507059', 'snappy copy from before the start at byte 4'],
  ])('refuses %s, and says where', (_, hex, message) => {
    const block = Buffer.from(hex, 'hex');
    for (const codec of CODECS) expect(() => uncompress(block, codec)).toThrow(new RegExp(message));
    for (const codec of CODECS) expect(() => uncompress(block, codec)).toThrow(MalformedPayload);
  });

  it('takes a block of exactly the limit, and no more', () => {
    const [exact, over] = [LIMIT, LIMIT + 1].map((size) => snappyCompress(Buffer.alloc(size)));
    for (const codec of CODECS) {
      expect(uncompress(exact!, codec)).toHaveLength(LIMIT);
      expect(() => uncompress(over!, codec)).toThrow(PayloadLimitExceeded);
    }
  });

  it('both codecs say the same of damaged blocks, and every refusal names an offset', () => {
    const tally = survive(damaged(VALID, 20_000), (bytes) => {
      const [native = '', portable = ''] = CODECS.map((codec) => outcomeOf(bytes, codec));
      if (native !== portable) throw new Error(`native: ${native}, portable: ${portable}`);
      // A refusal that the search for its place cannot explain would read “corrupt snappy block”.
      if (native.includes('corrupt snappy block')) throw new Error(native);
      return uncompress(bytes);
    });
    expect(tally.refused).toBeGreaterThan(tally.cases / 3);
  });

  it('refuses every truncation', () => {
    const tally = survive(truncated(VALID), (bytes) => uncompress(bytes));
    expect(tally.refused).toBe(tally.cases);
  });

  it('refuses bombs without allocating for them', () => {
    const declares4GiB = Buffer.from('ffffffff0f0061', 'hex');
    const declaresLimit = Buffer.concat([Buffer.from('80808020', 'hex'), Buffer.alloc(1000)]);
    const before = process.memoryUsage();
    const ms = cpuMs(() => {
      for (let i = 0; i < 1_000; i++) {
        expectRefusal(() => snappyUncompress(declares4GiB, 64 << 20, 'THE_LIMIT'), PayloadLimitExceeded);
        expectRefusal(() => snappyUncompress(declaresLimit, 64 << 20, 'THE_LIMIT'), MalformedPayload);
      }
    });
    // Mean of a thousand pairs: a bomb may take 5 ms and takes some microseconds; one millisecond would be an allocation.
    expect(ms / 1_000).toBeLessThan(0.5);
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(16 << 20);
  });
});

function expectRefusal(work: () => unknown, type: new (...args: never[]) => Error): void {
  try {
    work();
  } catch (error) {
    if (error instanceof type) return;
    throw error;
  }
  throw new Error('was not refused');
}
