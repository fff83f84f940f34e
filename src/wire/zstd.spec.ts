import { once } from 'node:events';
import { constants, createZstdCompress, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { cpuMs, damaged, survive, truncated } from '../../test/support/fuzz.js';
import { MalformedPayload, PayloadLimitExceeded } from './malformed-payload.js';
import { zstdUncompress } from './zstd.js';

const LIMIT = 1 << 20;
const uncompress = (bytes: Buffer, limit = LIMIT): Buffer => zstdUncompress(bytes, limit, 'THE_LIMIT');

/** A frame as streaming senders write it: without the size of its content. */
async function streamed(content: Buffer, checksum = false): Promise<Buffer> {
  const stream = createZstdCompress({ params: { [constants.ZSTD_c_checksumFlag]: checksum ? 1 : 0 } });
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.write(content.subarray(0, content.length >> 1));
  stream.end(content.subarray(content.length >> 1));
  await once(stream, 'end');
  return Buffer.concat(chunks);
}

const TEXT = Buffer.from('workload_gpu_power{gpu_id="0"} '.repeat(300));
const NOISE = Buffer.from(Array.from({ length: 5_000 }, (_, i) => (i * i * 7919 + (i >> 3)) & 0xff));
const SKIPPABLE = Buffer.from('552a4d1803000000aabbcc', 'hex');

describe('zstd', () => {
  it('reads frames with a content size of every width', () => {
    for (const size of [0, 1, 255, 256, 257, 65_791, 65_792, 65_793, LIMIT]) {
      expect(uncompress(zstdCompressSync(Buffer.alloc(size, 7)))).toHaveLength(size);
    }
  });

  it('reads what it is given back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), fc.integer({ min: 1, max: 12 }), (content, level) => {
        const params = { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: level % 2 };
        expect(uncompress(zstdCompressSync(content, { params })).equals(Buffer.from(content))).toBe(true);
      }),
    );
  });

  it('reads frames without a content size, with a checksum, several in a row and skippable ones', async () => {
    const [open, checked, plain] = [await streamed(TEXT), await streamed(NOISE, true), zstdCompressSync(NOISE)];
    expect(uncompress(open).equals(TEXT)).toBe(true);
    expect(uncompress(checked).equals(NOISE)).toBe(true);
    const all = Buffer.concat([SKIPPABLE, plain, SKIPPABLE, open, checked, SKIPPABLE]);
    expect(uncompress(all).equals(Buffer.concat([NOISE, TEXT, NOISE]))).toBe(true);
  });

  it.each([
    ['an empty body', Buffer.alloc(0)],
    ['no frame at all', Buffer.from('hello, world')],
    ['a skippable frame alone', SKIPPABLE],
    ['garbage after the frame', Buffer.concat([zstdCompressSync(TEXT), Buffer.from('garbage')])],
    ['one byte after the frame', Buffer.concat([zstdCompressSync(TEXT), Buffer.from([0])])],
    ['a truncated second frame', Buffer.concat([zstdCompressSync(TEXT), zstdCompressSync(NOISE).subarray(0, -1)])],
    ['thousands of frames', Buffer.concat(Array<Buffer>(5_000).fill(zstdCompressSync(Buffer.from('x'))))],
  ])('refuses %s', (_, bytes) => {
    expect(() => uncompress(bytes)).toThrow(MalformedPayload);
  });

  it('holds all frames together to the limit, whether they declare their size or not', async () => {
    const half = Buffer.alloc(LIMIT / 2);
    for (const frame of [zstdCompressSync(half), await streamed(half)]) {
      expect(uncompress(Buffer.concat([frame, frame]))).toHaveLength(LIMIT);
      const over = Buffer.concat([frame, frame, await streamed(Buffer.from('x'))]);
      expect(() => uncompress(over)).toThrow(PayloadLimitExceeded);
      expect(() => uncompress(Buffer.concat([frame, frame, frame]))).toThrow(PayloadLimitExceeded);
    }
  });

  it('refuses every truncation', () => {
    const params = { [constants.ZSTD_c_checksumFlag]: 1, [constants.ZSTD_c_contentSizeFlag]: 0 };
    const valid = [
      zstdCompressSync(TEXT),
      zstdCompressSync(NOISE.subarray(0, 500)),
      zstdCompressSync(TEXT, { params }),
    ];
    const tally = survive(truncated(valid), (bytes) => uncompress(bytes));
    expect(tally.refused).toBe(tally.cases);
  });

  it('survives damage', async () => {
    const valid = [zstdCompressSync(TEXT), zstdCompressSync(NOISE.subarray(0, 200)), await streamed(TEXT, true)];
    const tally = survive(damaged(valid, 8_000), (bytes) => {
      if (uncompress(bytes).length > LIMIT) throw new Error('more than the limit');
    });
    expect(tally.refused).toBeGreaterThan(tally.cases / 3);
  });

  it('refuses bombs without allocating for them', () => {
    const declares4GiB = Buffer.from('28b52ffda0ffffffff010000', 'hex');
    const declaresExbibytes = Buffer.from('28b52ffde0ffffffffffffffff010000', 'hex');
    const before = process.memoryUsage().arrayBuffers;
    const ms = cpuMs(() => {
      for (let i = 0; i < 1_000; i++) {
        for (const bomb of [declares4GiB, declaresExbibytes]) {
          expect(() => zstdUncompress(bomb, 32 << 20, 'THE_LIMIT')).toThrow(PayloadLimitExceeded);
        }
      }
    });
    expect(ms / 1_000).toBeLessThan(2);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 << 20);
  });

  it('stops at the limit when a frame of 4 GiB does not declare its size', () => {
    // Run-length blocks: 128 KiB in four bytes each.
    const block = Buffer.from([0x02, 0x00, 0x10, 0x00]);
    const bomb = Buffer.concat([Buffer.from('28b52ffd0058', 'hex'), ...Array<Buffer>(32_768).fill(block)]);
    const last = Buffer.concat([bomb, Buffer.from([0x03, 0x00, 0x10, 0x00])]);
    const before = process.memoryUsage().arrayBuffers;
    expect(() => uncompress(last)).toThrow(PayloadLimitExceeded);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 << 20);
  });
});
