import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { portableCodec, snappyCodec, snappyUncompress } from './snappy.js';
import { SHORT_LITERAL, SnappyBlockWriter, WORD } from './snappy-block-writer.js';
import { SnappyDelta } from './snappy-delta.js';

const LIMIT = 1 << 20;
const CODECS = [snappyCodec, portableCodec()];

const bytes = fc
  .tuple(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 0, max: 400 }))
  .map(([part, times]) => Buffer.concat(Array<Buffer>(times).fill(Buffer.from(part))));

/** Texts like label blocks: much in common, differences anywhere, some long or without likeness. */
const text = fc
  .array(
    fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom('hostname', 'gpu_id', 'x', '\0\x01', 'a'.repeat(90)) },
      fc.string(),
    ),
    {
      maxLength: 60,
    },
  )
  .map((words) => Buffer.from(words.join('\n')));
const gaps = fc.integer({ min: 0, max: 3_000 });

describe('a snappy block', () => {
  const writer = new SnappyBlockWriter();

  it.each(CODECS)('made of pieces and literals is that of the whole, to codec %#', (codec) => {
    fc.assert(
      fc.property(fc.array(fc.tuple(bytes, fc.boolean()), { maxLength: 5 }), (parts) => {
        const whole = Buffer.concat(
          parts.map(([part, short]) => {
            const taken = short ? part.subarray(0, SHORT_LITERAL) : part;
            if (short) writer.literal(taken, 0, taken.length);
            else writer.append(taken);
            return taken;
          }),
        );
        expect(writer.length).toBe(whole.length);
        const block = writer.finish();
        expect(snappyUncompress(block.bytes, LIMIT, 'limit', codec).equals(whole)).toBe(true);
        block.release();
        expect(writer.length).toBe(0);
      }),
    );
  });

  it('stays as it is until it is released, whatever comes after', () => {
    const noise = randomBytes(100_000);
    const write = (fill: number) => {
      writer.append(Buffer.concat([noise, Buffer.from([fill])]));
      return writer.finish();
    };
    const blocks = [1, 2, 3].map(write);
    blocks[1]?.release();
    const last = write(4);
    for (const [i, block] of [blocks[0], undefined, blocks[2], last].entries())
      if (block !== undefined) expect(snappyUncompress(block.bytes, LIMIT, 'limit').at(-1)).toBe(i + 1);
    expect(last.bytes.buffer === blocks[1]?.bytes.buffer).toBe(true);
  });

  it('forgets what was appended before a reset', () => {
    writer.append(Buffer.alloc(100));
    writer.reset();
    writer.append(Buffer.from('a'));
    expect(snappyUncompress(writer.finish().bytes, LIMIT, 'limit').toString()).toBe('a');
  });
});

describe('a text encoded against the one before', () => {
  const writer = new SnappyBlockWriter();
  const delta = new SnappyDelta();
  const spanOf = (bytes: Buffer) => ({ bytes, offset: 0, length: bytes.length });

  /** A block of the text before, a gap of other bytes and the text by its elements; undefined where there are none. */
  function blockOf(before: Buffer, madeFor: number, gap: number, after: Buffer): Buffer | undefined {
    const encoded = delta.encode(spanOf(before), madeFor, spanOf(after));
    if (encoded === undefined) return undefined;
    const elements = Buffer.concat([encoded, Buffer.alloc(WORD - 1)]);
    writer.reset();
    writer.append(Buffer.concat([before, Buffer.alloc(gap, 'g')]));
    if (madeFor !== gap) {
      if (!writer.shiftedElements(elements, 0, encoded.length, after.length, gap - madeFor)) return undefined;
    } else {
      const view = new DataView(elements.buffer, elements.byteOffset, elements.length);
      writer.elements(view, 0, encoded.length, after.length);
    }
    writer.literal(Buffer.from('end'), 0, 3);
    return writer.finish().bytes;
  }

  it.each(CODECS)('is that text, at the same distance and at others, to codec %#', (codec) => {
    let encoded = 0;
    fc.assert(
      fc.property(text, gaps, fc.option(gaps, { nil: undefined }), text, (before, madeFor, other, after) => {
        const gap = other ?? madeFor;
        const block = blockOf(before, madeFor, gap, after);
        if (block === undefined) return;
        encoded++;
        const whole = Buffer.concat([before, Buffer.alloc(gap, 'g'), after, Buffer.from('end')]);
        expect(snappyUncompress(block, LIMIT, 'limit', codec).equals(whole)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
    expect(encoded).toBeGreaterThan(500);
  });

  it('takes a fraction of its size', () => {
    const labels = (i: number) =>
      Buffer.from(
        `gpu_power hostname=gpu-node-${i} card_model=102-G30211-0C serial_number=69230${i}7 partition=spx`.repeat(3),
      );
    expect(delta.encode(spanOf(labels(3)), 21, spanOf(labels(4)))?.length).toBeLessThan(60);
  });

  it.each([
    ['without likeness', Buffer.from('abcdefgh'), Buffer.from('0123456789')],
    ['too long', Buffer.alloc(10_000), Buffer.alloc(10_000)],
    ['empty', Buffer.alloc(0), Buffer.from('abc')],
  ])('is left alone when it is %s', (_what, before, after) => {
    expect(delta.encode(spanOf(before), 20, spanOf(after))).toBeUndefined();
  });
});
