import { MalformedPayload } from './malformed-payload.js';

/*
 * Frame:  magic 4 bytes, header, blocks, checksum 4 bytes when the header says so
 * Header: descriptor 1 byte, window 0 or 1, dictionary id 0, 1, 2 or 4, content size 0, 1, 2, 4 or 8
 * Block:  3 bytes little endian (last 1 bit, type 2 bits, size 21 bits), then `size` bytes, or one for a run (type 1)
 * Skippable frame: magic 0x184d2a50 … 5f, size 4 bytes, then `size` bytes
 * (RFC 8878, 3.1)
 */
const MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const RUN_BLOCK = 1;

/** Senders write one frame; each costs a decompressor of its own, so a body of thousands would be an attack. */
const MAX_FRAMES = 64;

/** Where a frame stands, [start, end), and the size of its content when it declares one. */
export interface ZstdFrame {
  readonly start: number;
  readonly end: number;
  readonly contentSize: number | undefined;
}

/**
 * Finds the frames of a body without decompressing; skippable ones are left out.
 * @throws MalformedPayload for anything that is no frame, truncated, or too many of them
 */
export function readZstdFrames(bytes: Buffer): ZstdFrame[] {
  const frames: ZstdFrame[] = [];
  let pos = 0;
  for (let count = 0; pos < bytes.length; count++) {
    if (count >= MAX_FRAMES) throw new MalformedPayload(`more than ${MAX_FRAMES} zstd frames`, pos);
    bounded(bytes, pos, 4);
    const magic = bytes.readUInt32LE(pos);
    if (magic === MAGIC) {
      const frame = readFrame(bytes, pos);
      frames.push(frame);
      pos = frame.end;
    } else if ((magic & ~0xf) >>> 0 === SKIPPABLE_MAGIC) {
      bounded(bytes, pos + 4, 4);
      const size = bytes.readUInt32LE(pos + 4);
      bounded(bytes, pos + 8, size);
      pos += 8 + size;
    } else {
      throw new MalformedPayload('no zstd frame', pos);
    }
  }
  if (frames.length === 0) throw new MalformedPayload('no zstd frame', pos);
  return frames;
}

function readFrame(bytes: Buffer, start: number): ZstdFrame {
  bounded(bytes, start + 4, 1);
  const descriptor = bytes[start + 4] ?? 0;
  const singleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const sizeBytes = sizeFlag === 0 ? (singleSegment ? 1 : 0) : 2 ** sizeFlag;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const at = start + 5 + (singleSegment ? 0 : 1) + dictionaryBytes;
  bounded(bytes, at, sizeBytes);
  const contentSize = readContentSize(bytes, at, sizeBytes);
  const checksumBytes = (descriptor & 0x04) === 0 ? 0 : 4;
  const blocksEnd = endOfBlocks(bytes, at + sizeBytes);
  bounded(bytes, blocksEnd, checksumBytes);
  return { start, end: blocksEnd + checksumBytes, contentSize };
}

function readContentSize(bytes: Buffer, at: number, sizeBytes: number): number | undefined {
  if (sizeBytes === 0) return undefined;
  if (sizeBytes === 8) return Number(bytes.readBigUInt64LE(at));
  return bytes.readUIntLE(at, sizeBytes) + (sizeBytes === 2 ? 256 : 0);
}

function endOfBlocks(bytes: Buffer, start: number): number {
  let pos = start;
  for (;;) {
    bounded(bytes, pos, 3);
    const header = bytes.readUIntLE(pos, 3);
    const stored = ((header >> 1) & 3) === RUN_BLOCK ? 1 : header >> 3;
    bounded(bytes, pos + 3, stored);
    pos += 3 + stored;
    if ((header & 1) === 1) return pos;
  }
}

/** Asserts that `count` bytes stand at `pos`. */
function bounded(bytes: Buffer, pos: number, count: number): void {
  if (bytes.length - pos < count) throw new MalformedPayload('truncated zstd frame', bytes.length);
}
