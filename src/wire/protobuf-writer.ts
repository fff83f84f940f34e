/** Bytes up to which a loop beats a native call. */
const SHORT_TEXT = 40;

/**
 * A growing buffer that protobuf fields are appended to. The bytes belong to the writer and stay valid until the next
 * `reset`; `view()` does not copy.
 */
export class ProtobufWriter {
  bytes: Buffer;
  length = 0;

  constructor(initialCapacity = 4096) {
    this.bytes = Buffer.allocUnsafeSlow(initialCapacity);
  }

  reset(): void {
    this.length = 0;
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }

  varint(value: number): void {
    this.reserve(10);
    if (value < 0x80) {
      this.bytes[this.length++] = value;
      return;
    }
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.bytes[this.length++] = rest;
  }

  /** An int64 as a varint in two's complement. */
  int64(value: number): void {
    if (value >= 0) {
      this.varint(value);
      return;
    }
    this.reserve(10);
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest >= 0x80n; rest >>= 7n) this.bytes[this.length++] = Number(rest & 0x7fn) | 0x80;
    this.bytes[this.length++] = Number(rest);
  }

  double(value: number): void {
    this.reserve(8);
    this.length = this.bytes.writeDoubleLE(value, this.length);
  }

  /** Bytes [start, end) of another buffer, as they are. */
  raw(source: Buffer, start = 0, end = source.length): void {
    this.reserve(end - start);
    source.copy(this.bytes, this.length, start, end);
    this.length += end - start;
  }

  /** A length-delimited field from bytes of another buffer. */
  bytesField(tag: number, source: Buffer, start = 0, end = source.length): void {
    this.varint(tag);
    this.varint(end - start);
    this.raw(source, start, end);
  }

  stringField(tag: number, value: string): void {
    this.varint(tag);
    this.text(value, Buffer.byteLength(value));
  }

  /** Length and bytes of a string that takes `size` bytes in UTF-8. */
  text(value: string, size: number): void {
    this.varint(size);
    this.reserve(size);
    // Short ASCII, as nearly all labels are, is written faster than a call is made.
    if (size === value.length && size <= SHORT_TEXT) {
      for (let i = 0; i < size; i++) this.bytes[this.length++] = value.charCodeAt(i);
    } else {
      this.length += this.bytes.write(value, this.length);
    }
  }

  /** What has been written; valid until the next write or reset. */
  view(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  /** A copy of what has been written. */
  copy(): Buffer {
    return Buffer.from(this.view());
  }
}

/** How many bytes a varint takes. */
export function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) size++;
  return size;
}
