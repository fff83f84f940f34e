import fc from 'fast-check';
import { portableCodec, snappyCodec, snappyUncompress } from './snappy.js';
import { SnappyPieces } from './snappy-pieces.js';

const bytes = fc
  .tuple(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 0, max: 400 }))
  .map(([part, times]) => Buffer.concat(Array<Buffer>(times).fill(Buffer.from(part))));

describe('a snappy block made of pieces', () => {
  const pieces = new SnappyPieces();

  it.each([snappyCodec, portableCodec()])('is that of the whole, to codec %#', (codec) => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 5 }), (parts) => {
        for (const part of parts) pieces.append(part);
        const whole = Buffer.concat(parts);
        expect(pieces.length).toBe(whole.length);
        expect(snappyUncompress(pieces.finish(), 1 << 20, 'limit', codec).equals(whole)).toBe(true);
        expect(pieces.length).toBe(0);
      }),
    );
  });
});
