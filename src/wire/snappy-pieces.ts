import { snappyCompress } from './snappy.js';

/**
 * Builds one snappy block from pieces that are compressed as they come. A block is its length followed by elements, and
 * compressors never refer back over 64 KiB fragments, so the elements of separately compressed pieces can stand in a row.
 * (github.com/google/snappy, format_description.txt)
 */
export class SnappyPieces {
  private parts: Buffer[] = [];
  /** Bytes of all pieces before compression. */
  length = 0;

  append(piece: Buffer): void {
    const block = snappyCompress(piece);
    this.parts.push(block.subarray(preambleLength(block)));
    this.length += piece.length;
  }

  /** The block, in memory of its own; the next piece begins another. */
  finish(): Buffer {
    const block = Buffer.concat([preamble(this.length), ...this.parts]);
    this.reset();
    return block;
  }

  reset(): void {
    this.parts = [];
    this.length = 0;
  }
}

function preambleLength(block: Buffer): number {
  let length = 1;
  while ((block[length - 1] ?? 0) >= 0x80) length++;
  return length;
}

/** A varint. */
function preamble(length: number): Buffer {
  const bytes: number[] = [];
  let rest = length;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Buffer.from([...bytes, rest]);
}
