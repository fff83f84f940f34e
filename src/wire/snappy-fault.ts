import { MalformedPayload } from './malformed-payload.js';

/**
 * Walks a snappy block and tells where it is broken; undefined when it is sound. Codecs only say that a block is broken,
 * and the portable one not even that in every case.
 * Format: github.com/google/snappy, format_description.txt.
 */
export function findSnappyFault(bytes: Buffer): MalformedPayload | undefined {
  let pos = 0;
  let declared = 0;
  for (let shift = 0; ; shift += 7) {
    if (shift > 28) return new MalformedPayload('snappy preamble longer than five bytes', pos);
    const byte = bytes[pos];
    if (byte === undefined) return new MalformedPayload('truncated snappy preamble', pos);
    pos++;
    declared += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  let produced = 0;
  while (pos < bytes.length) {
    const element = readElement(bytes, pos);
    if (element === undefined) return new MalformedPayload('truncated snappy element', pos);
    if (element.copyFrom !== undefined && (element.copyFrom === 0 || element.copyFrom > produced)) {
      return new MalformedPayload('snappy copy from before the start', pos);
    }
    produced += element.length;
    if (produced > declared) return new MalformedPayload('snappy data longer than declared', pos);
    pos = element.next;
  }
  if (produced === declared) return undefined;
  return new MalformedPayload(`snappy data ends after ${produced} of ${declared} declared bytes`, pos);
}

interface Element {
  length: number;
  /** How far back a copy reads; undefined for a literal. */
  copyFrom?: number;
  next: number;
}

function readElement(bytes: Buffer, pos: number): Element | undefined {
  const tag = bytes[pos] ?? 0;
  const kind = tag & 3;
  if (kind === 0) return readLiteral(bytes, pos, tag >> 2);
  const extra = kind === 1 ? 1 : kind === 2 ? 2 : 4;
  const next = pos + 1 + extra;
  if (next > bytes.length) return undefined;
  const offset = bytes.readUIntLE(pos + 1, extra);
  if (kind === 1) return { length: 4 + ((tag >> 2) & 7), copyFrom: ((tag >> 5) << 8) | offset, next };
  return { length: 1 + (tag >> 2), copyFrom: offset, next };
}

function readLiteral(bytes: Buffer, pos: number, code: number): Element | undefined {
  const extra = code < 60 ? 0 : code - 59;
  if (pos + 1 + extra > bytes.length) return undefined;
  const length = 1 + (extra === 0 ? code : bytes.readUIntLE(pos + 1, extra));
  const next = pos + 1 + extra + length;
  return next > bytes.length ? undefined : { length, next };
}
