import { MalformedPayload } from './malformed-payload.js';

/** Copies shorter than this are done byte by byte: a call costs about as much as 16 bytes. */
const SHORT = 16;

/**
 * HOT PATH (docs/hot-paths.md). Decompresses the elements of a snappy block into memory of the caller's, so that a request
 * leaves no garbage: buffers fresh from a native codec make V8 collect its whole heap every few dozen requests, which costs
 * more than all decompression. Compressors cut long matches into elements of at most 64 bytes; those that continue one
 * another are copied in one go.
 * (github.com/google/snappy, format_description.txt)
 *
 * @param input the block; elements begin at `start`, after the preamble
 * @param output must have room for `length` bytes, what the preamble declares
 * @throws MalformedPayload with the offset of the offending element
 */
export function decodeSnappyElements(input: Buffer, start: number, output: Buffer, length: number): void {
  const end = input.length;
  let pos = start;
  let at = 0;
  while (pos < end) {
    const element = pos;
    const tag = input[pos++] ?? 0;
    let count: number;
    if ((tag & 3) === 0) {
      count = (tag >>> 2) + 1;
      if (count > 60) {
        const extra = count - 60;
        if (pos + extra > end) throw new MalformedPayload('truncated snappy literal', element);
        count = input.readUIntLE(pos, extra) + 1;
        pos += extra;
      }
      if (count > end - pos) throw new MalformedPayload('truncated snappy literal', element);
      if (count > length - at) throw new MalformedPayload('snappy data longer than declared', element);
      if (count < SHORT) for (let i = 0; i < count; i++) output[at + i] = input[pos + i] ?? 0;
      else input.copy(output, at, pos, pos + count);
      pos += count;
      at += count;
      continue;
    }
    let offset: number;
    if ((tag & 3) === 1) {
      if (pos >= end) throw new MalformedPayload('truncated snappy copy', element);
      count = 4 + ((tag >>> 2) & 7);
      offset = ((tag >>> 5) << 8) | (input[pos++] ?? 0);
    } else {
      const width = (tag & 3) === 2 ? 2 : 4;
      if (pos + width > end) throw new MalformedPayload('truncated snappy copy', element);
      count = (tag >>> 2) + 1;
      offset = (input[pos] ?? 0) | ((input[pos + 1] ?? 0) << 8);
      if (width === 4) offset = input.readUInt32LE(pos);
      pos += width;
      // The next element continues this one when it copies from the same distance.
      while (
        pos + 2 < end &&
        ((input[pos] ?? 0) & 3) === 2 &&
        ((input[pos + 1] ?? 0) | ((input[pos + 2] ?? 0) << 8)) === offset
      ) {
        count += ((input[pos] ?? 0) >>> 2) + 1;
        pos += 3;
      }
    }
    if (offset === 0 || offset > at) throw new MalformedPayload('snappy copy from before the start', element);
    if (count > length - at) throw new MalformedPayload('snappy data longer than declared', element);
    if (count >= SHORT && offset >= count) output.copyWithin(at, at - offset, at - offset + count);
    else for (let i = 0; i < count; i++) output[at + i] = output[at + i - offset] ?? 0;
    at += count;
  }
  if (at !== length) throw new MalformedPayload(`snappy data ends after ${at} of ${length} declared bytes`, end);
}
