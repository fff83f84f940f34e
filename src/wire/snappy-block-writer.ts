import { BufferPool } from './buffer-pool.js';
import { snappyCompress } from './snappy.js';

/** Room for the preamble, which is known at the end: a length of up to 32 bits as a varint. */
const PREAMBLE_ROOM = 5;

/** Literals of up to this many bytes have a tag of one byte. */
export const SHORT_LITERAL = 60;

/** Elements of copied texts are read and written four bytes at a time: up to three bytes over their end. */
export const WORD = 4;

/** Blocks shorter than this get memory of their own, so that many small requests in work do not hold a large buffer each. */
const SMALL_BLOCK = 32 * 1024;

const pool = new BufferPool(1024 * 1024, 16);

/** A snappy block and the reused memory it stands in. */
export interface HeldBlock {
  /** Valid until `release`. */
  readonly bytes: Buffer;
  /** Gives the memory back; not to be called while anybody may still read the block. Forgetting it costs memory new for the next block. */
  release(): void;
}

/**
 * HOT PATH (docs/hot-paths.md). Builds one snappy block from pieces that are compressed as they come and from elements that
 * were encoded before. A block is its length followed by elements; where the elements of the pieces begin and end does not
 * matter to who reads it. (github.com/google/snappy, format_description.txt)
 */
export class SnappyBlockWriter {
  private bytes: Buffer = Buffer.alloc(0);
  private view: DataView = new DataView(this.bytes.buffer);
  private at = PREAMBLE_ROOM;
  /** Bytes of what the block holds, before compression. */
  length = 0;

  /** Compresses a piece natively and appends it. */
  append(piece: Buffer): void {
    const block = snappyCompress(piece);
    const start = preambleLength(block);
    this.reserve(block.length);
    this.at += block.copy(this.bytes, this.at, start);
    this.length += piece.length;
  }

  /** Appends at most SHORT_LITERAL bytes as they are: [start, end) of `source`. */
  literal(source: Buffer, start: number, end: number): void {
    if (end <= start) return;
    this.reserve(SHORT_LITERAL + 1);
    const { bytes } = this;
    let { at } = this;
    bytes[at++] = (end - start - 1) << 2;
    for (let i = start; i < end; i++) bytes[at++] = source[i] ?? 0;
    this.at = at;
    this.length += end - start;
  }

  /** Appends a copy of `count` (4 to 11) bytes that stand `distance` (less than 2^16) back. */
  copy(count: number, distance: number): void {
    this.reserve(WORD);
    const { bytes } = this;
    const short = distance < 2_048;
    bytes[this.at++] = short ? 1 | ((count - 4) << 2) | ((distance >>> 8) << 5) : 2 | ((count - 1) << 2);
    bytes[this.at++] = distance & 0xff;
    if (!short) bytes[this.at++] = distance >>> 8;
    this.length += count;
  }

  /**
   * Appends `count` bytes of elements at `offset` of `source`, which stand for `length` bytes. Up to WORD - 1 bytes after them
   * are read too.
   */
  elements(source: DataView, offset: number, count: number, length: number): void {
    this.reserve(count + WORD);
    const { view, at } = this;
    for (let i = 0; i < count; i += WORD) view.setInt32(at + i, source.getInt32(offset + i, true), true);
    this.at = at + count;
    this.length += length;
  }

  /**
   * The same for elements whose copies from before the text itself are to reach `shift` bytes further back.
   * @returns whether it could be done; if not, nothing has been appended
   */
  shiftedElements(source: Buffer, offset: number, count: number, length: number, shift: number): boolean {
    this.reserve(count + WORD);
    source.copy(this.bytes, this.at, offset, offset + count);
    if (!shiftCopies(this.bytes, this.at, this.at + count, shift)) return false;
    this.at += count;
    this.length += length;
    return true;
  }

  /** The block; the next piece begins another. */
  finish(): HeldBlock {
    this.reserve(0);
    const { bytes } = this;
    const start = writePreamble(bytes, this.length);
    const block = bytes.subarray(start, this.at);
    this.at = PREAMBLE_ROOM;
    this.length = 0;
    if (block.length < SMALL_BLOCK) return { bytes: Buffer.from(block), release: () => undefined };
    this.use(Buffer.alloc(0));
    return {
      bytes: block,
      release: () => {
        pool.giveBack(bytes);
      },
    };
  }

  /** Forgets what has been appended. */
  reset(): void {
    this.at = PREAMBLE_ROOM;
    this.length = 0;
  }

  private reserve(count: number): void {
    const needed = this.at + count;
    const { bytes } = this;
    if (needed <= bytes.length) return;
    this.use(pool.take(Math.max(needed, bytes.length * 2)));
    bytes.copy(this.bytes, 0, 0, this.at);
    pool.giveBack(bytes);
  }

  private use(bytes: Buffer): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }
}

/** Writes the varint so that it ends where the elements begin; returns where it starts. */
function writePreamble(bytes: Buffer, length: number): number {
  let size = 1;
  for (let rest = length; rest >= 0x80; rest = Math.floor(rest / 128)) size++;
  const start = PREAMBLE_ROOM - size;
  let rest = length;
  for (let i = start; i < PREAMBLE_ROOM; i++) {
    bytes[i] = (rest % 128) | (i < PREAMBLE_ROOM - 1 ? 0x80 : 0);
    rest = Math.floor(rest / 128);
  }
  return start;
}

function preambleLength(block: Buffer): number {
  let length = 1;
  while ((block[length - 1] ?? 0) >= 0x80) length++;
  return length;
}

/**
 * Lets the copies of elements of SnappyDelta's that reach back over the beginning of the text reach `shift` bytes further.
 * Returns false where an offset no longer fits its element.
 */
function shiftCopies(bytes: Buffer, start: number, end: number, shift: number): boolean {
  let written = 0;
  for (let pos = start; pos < end;) {
    const tag = bytes[pos] ?? 0;
    if ((tag & 3) === 0) {
      const count = (tag >>> 2) + 1;
      pos += 1 + count;
      written += count;
      continue;
    }
    const short = (tag & 3) === 1;
    const low = bytes[pos + 1] ?? 0;
    const offset = short ? ((tag >>> 5) << 8) | low : low | ((bytes[pos + 2] ?? 0) << 8);
    if (offset > written) {
      const shifted = offset + shift;
      if (shifted >= (short ? 2_048 : 65_536)) return false;
      bytes[pos + 1] = shifted & 0xff;
      if (short) bytes[pos] = (tag & 0x1f) | ((shifted >>> 8) << 5);
      else bytes[pos + 2] = shifted >>> 8;
    }
    pos += short ? 2 : 3;
    written += short ? 4 + ((tag >>> 2) & 7) : (tag >>> 2) + 1;
  }
  return true;
}
