import fc from 'fast-check';
import protobuf from 'protobufjs';
import { ProtobufWriter, varintSize } from './protobuf-writer.js';

const bytesOf = (write: (writer: ProtobufWriter) => void): Buffer => {
  // Room for one byte, so that every write has to make some.
  const writer = new ProtobufWriter(1);
  write(writer);
  return writer.copy();
};

describe('ProtobufWriter', () => {
  it('writes numbers that protobufjs reads', () => {
    const edges = [0, 1, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER];
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom(...edges), fc.maxSafeNat()), (value) => {
        const varint = bytesOf((to) => {
          to.varint(value);
        });
        expect(Number(protobuf.Reader.create(varint).uint64())).toBe(value);
        expect(varint).toHaveLength(varintSize(value));
        for (const signed of [value, -value]) {
          const int64 = bytesOf((to) => {
            to.int64(signed);
          });
          expect(Number(protobuf.Reader.create(int64).int64())).toBe(signed === 0 ? 0 : signed);
        }
      }),
    );
  });

  it('writes doubles and strings that protobufjs reads', () => {
    fc.assert(
      fc.property(fc.double(), fc.string({ unit: 'binary' }), (value, text) => {
        const bytes = bytesOf((to) => {
          to.double(value);
          to.stringField(0x0a, text);
        });
        const reader = protobuf.Reader.create(bytes);
        expect(reader.double()).toBe(value);
        expect(reader.uint32()).toBe(0x0a);
        expect(reader.string()).toBe(text);
        expect(reader.pos).toBe(bytes.length);
      }),
    );
  });

  it('copies bytes as they are, and forgets them on reset', () => {
    const source = Buffer.from('0123456789');
    const writer = new ProtobufWriter(1);
    writer.raw(source, 2, 5);
    writer.bytesField(0x12, source, 7);
    expect(writer.view().toString('latin1')).toBe('234\x12\x03789');
    const kept = writer.copy();
    writer.reset();
    writer.raw(Buffer.from('x'));
    expect(writer.view().toString()).toBe('x');
    expect(kept.toString('latin1')).toBe('234\x12\x03789');
  });
});
