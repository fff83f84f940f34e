import fc from 'fast-check';
import protobuf from 'protobufjs';
import { damaged, survive } from '../../test/support/fuzz.js';
import { MalformedPayload } from './malformed-payload.js';
import { FIXED32, FIXED64, LENGTH_DELIMITED, ProtobufReader, VARINT } from './protobuf-reader.js';

const reader = (hex: string): ProtobufReader => new ProtobufReader(Buffer.from(hex, 'hex'));

/** Written by protobufjs. */
const written = (write: (writer: protobuf.Writer) => protobuf.Writer): ProtobufReader =>
  new ProtobufReader(Buffer.from(write(protobuf.Writer.create()).finish()));

const toLong = (value: bigint): protobuf.Long => ({
  low: Number(BigInt.asIntN(32, value)),
  high: Number(BigInt.asIntN(32, value >> 32n)),
  unsigned: false,
});

describe('ProtobufReader', () => {
  it.each([
    ['00', 0],
    ['01', 1],
    ['7f', 127],
    ['8001', 128],
    ['ff7f', 16_383],
    ['808001', 16_384],
    ['ffffffff0f', 2 ** 32 - 1],
    ['8080808010', 2 ** 32],
    ['ffffffffffffff0f', 2 ** 53 - 1],
    ['ffffffffffffffffff01', 2 ** 64],
    ['8000', 0],
    ['80808080808080808000', 0],
  ])('varint %s is %d', (hex, value) => {
    const at = reader(hex);
    expect(at.varint()).toBe(value);
    expect(at.done).toBe(true);
  });

  it.each(['', '80', 'ffffffffff', '8080808080808080808001', 'ffffffffffffffffffffff'])('refuses varint %s', (hex) => {
    expect(() => reader(hex).varint()).toThrow(MalformedPayload);
  });

  it('reads numbers as protobufjs writes them', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 31 - 1 }), fc.constantFrom(1, 2 ** 21), fc.boolean(), (nat, scale, negative) => {
        const size = nat * scale;
        const value = negative ? 0 - size : size;
        const long = toLong(BigInt(value));
        expect(written((to) => to.int64(long)).int64()).toBe(value);
        expect(written((to) => to.sint64(long)).zigzag()).toBe(value);
      }),
    );
  });

  it.each([2n ** 63n - 1n, -(2n ** 63n), -(2n ** 62n), 2n ** 62n + 1n, -1n, 0n])(
    'reads %d as int64 and as sint64',
    (value) => {
      expect(written((to) => to.int64(toLong(value))).int64()).toBe(Number(value));
      expect(written((to) => to.sint64(toLong(value))).zigzag()).toBe(Number(value));
    },
  );

  it.each(['00', '07', '808080808001', 'ffffffffffffffffff01'])('refuses tag %s', (hex) => {
    expect(() => reader(hex).tag()).toThrow(/illegal field number at byte 0/);
  });

  it('skips every wire type but groups', () => {
    const cases = [
      ['808001', VARINT],
      ['0102030405060708', FIXED64],
      ['03aabbcc', LENGTH_DELIMITED],
      ['01020304', FIXED32],
    ] as const;
    for (const [hex, wireType] of cases) {
      const whole = reader(hex);
      whole.skip(8 + wireType);
      expect(whole.done).toBe(true);
      expect(() => {
        reader(hex.slice(0, -2)).skip(8 + wireType);
      }).toThrow(MalformedPayload);
    }
    for (const wireType of [3, 4, 6, 7])
      expect(() => {
        reader('0000').skip(8 + wireType);
      }).toThrow(MalformedPayload);
  });

  it('skips a message only if its fields are well-formed', () => {
    const whole = reader('040a02616207');
    whole.skipMessage();
    expect(whole.pos).toBe(5);
    for (const hex of ['030a0261', '020005', '0208', '050a', '010c']) {
      expect(() => {
        reader(hex).skipMessage();
      }).toThrow(MalformedPayload);
    }
  });

  it('keeps to its end, though the buffer goes on', () => {
    const bytes = Buffer.from('0affffffffffffffffffffff', 'hex');
    for (const read of ['varint', 'int64', 'zigzag', 'tag', 'length', 'double'] as const) {
      const narrow = new ProtobufReader(bytes, 1, 4);
      expect(() => narrow[read]()).toThrow(MalformedPayload);
      expect(narrow.pos).toBeLessThanOrEqual(4);
    }
    expect(() => new ProtobufReader(Buffer.from('0300000000', 'hex'), 0, 3).length()).toThrow(MalformedPayload);
  });

  it('walks damaged messages without passing their end', () => {
    const valid = [
      '0a03616263120208011a00',
      '0a0a0a0361626312036465661209091111111111111111',
      '08ff01150000000019000000',
    ];
    const tally = survive(
      damaged(
        valid.map((hex) => Buffer.from(hex, 'hex')),
        10_000,
      ),
      (bytes) => {
        const walk = new ProtobufReader(bytes);
        while (!walk.done) {
          const before = walk.pos;
          walk.skip(walk.tag());
          if (walk.pos <= before || walk.pos > bytes.length) throw new Error(`from ${before} to ${walk.pos}`);
        }
      },
    );
    expect(tally.refused).toBeGreaterThan(tally.cases / 3);
  });
});
