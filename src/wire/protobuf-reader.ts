import { MalformedPayload } from './malformed-payload.js';

/** Wire types of protobuf's encoding. Groups (3, 4) are obsolete and refused. */
export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH_DELIMITED = 2;
export const FIXED32 = 5;

/**
 * A cursor over protobuf bytes that reads primitives with one bounds check each and never copies.
 * `end` bounds every read; nested messages are read by narrowing it.
 * Throws MalformedPayload with the offset of the offending byte.
 */
export class ProtobufReader {
  pos: number;
  end: number;

  constructor(
    readonly bytes: Buffer,
    start = 0,
    end = bytes.length,
  ) {
    this.pos = start;
    this.end = end;
  }

  get done(): boolean {
    return this.pos >= this.end;
  }

  /** A varint as a number: exact up to 2^53; larger values lose low bits, so use `skipVarint` where bytes are copied. */
  varint(): number {
    const start = this.pos;
    let result = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      if (this.pos >= this.end) throw new MalformedPayload('truncated varint', start);
      const byte = this.bytes[this.pos++] ?? 0;
      result += (byte & 0x7f) * scale;
      if (byte < 0x80) return result;
      scale *= 128;
    }
    throw new MalformedPayload('varint longer than 10 bytes', start);
  }

  /** A varint holding an int64 (two's complement, so negative numbers take ten bytes) as a number. */
  int64(): number {
    const start = this.pos;
    const value = this.varint();
    if (this.pos - start < 10) return value;
    return Number(BigInt.asIntN(64, this.bigVarint(start)));
  }

  /** A zigzag-encoded sint32 or sint64, exact up to 2^52; the sign, which is the lowest bit, is right at any size. */
  zigzag(): number {
    const start = this.pos;
    const value = this.varint();
    return ((this.bytes[start] ?? 0) & 1) === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** The tag of the next field: number × 8 + wire type. */
  tag(): number {
    const start = this.pos;
    const tag = this.varint();
    if (tag < 8 || tag > 0xffffffff) throw new MalformedPayload('illegal field number', start);
    return tag;
  }

  /** The length of a length-delimited field, checked to lie within `end`; `pos` is at its first byte afterwards. */
  length(): number {
    const start = this.pos;
    const length = this.varint();
    if (length > this.end - this.pos) throw new MalformedPayload('length runs past the end of its message', start);
    return length;
  }

  double(): number {
    if (this.end - this.pos < 8) throw new MalformedPayload('truncated 64-bit value', this.pos);
    const value = this.bytes.readDoubleLE(this.pos);
    this.pos += 8;
    return value;
  }

  /** Skips the value of a field whose tag has been read. */
  skip(tag: number): void {
    const at = this.pos;
    switch (tag & 7) {
      case VARINT:
        this.varint();
        return;
      case FIXED64:
        this.advance(8, at);
        return;
      case LENGTH_DELIMITED:
        this.advance(this.length(), at);
        return;
      case FIXED32:
        this.advance(4, at);
        return;
      default:
        throw new MalformedPayload(`unsupported wire type ${tag & 7}`, at);
    }
  }

  /** Skips a nested message whose tag has been read, making sure that its fields are well-formed. */
  skipMessage(): void {
    const outer = this.end;
    this.end = this.length() + this.pos;
    while (!this.done) this.skip(this.tag());
    this.end = outer;
  }

  private advance(count: number, at: number): void {
    if (this.end - this.pos < count) throw new MalformedPayload('truncated value', at);
    this.pos += count;
  }

  private bigVarint(start: number): bigint {
    let result = 0n;
    for (let i = 0; i < 10; i++) result |= BigInt((this.bytes[start + i] ?? 0) & 0x7f) << BigInt(7 * i);
    return result;
  }
}
