import { zstdDecompressSync } from 'node:zlib';
import { MalformedPayload, PayloadLimitExceeded } from './malformed-payload.js';
import { readZstdFrames, type ZstdFrame } from './zstd-frames.js';

/**
 * Decompresses zstd frames (RFC 8878). The content size is checked first where frames declare it; where not,
 * decompression stops at the limit. Frames are told apart here, because Node's decompressor stops after the first one and
 * takes whatever follows for nothing.
 * @param limit largest decompressed size in bytes; `setting` names it in the error
 * @throws PayloadLimitExceeded, MalformedPayload
 */
export function zstdUncompress(bytes: Buffer, limit: number, setting: string): Buffer {
  const frames = readZstdFrames(bytes);
  const declared = frames.reduce((sum, frame) => sum + (frame.contentSize ?? 0), 0);
  if (declared > limit) throw new PayloadLimitExceeded(setting, limit, declared, 'declared decompressed size in bytes');
  const contents: Buffer[] = [];
  let size = 0;
  for (const frame of frames) {
    const content = uncompressFrame(bytes, frame, limit - size);
    if (content === undefined) {
      throw new PayloadLimitExceeded(setting, limit, `more than ${limit}`, 'decompressed size in bytes');
    }
    contents.push(content);
    size += content.length;
  }
  return contents.length === 1 ? (contents[0] ?? Buffer.alloc(0)) : Buffer.concat(contents, size);
}

/** The content of one frame; undefined when it is longer than `limit` bytes. */
function uncompressFrame(bytes: Buffer, { start, end }: ZstdFrame, limit: number): Buffer | undefined {
  try {
    const content = zstdDecompressSync(bytes.subarray(start, end), { maxOutputLength: Math.max(limit, 1) });
    return content.length > limit ? undefined : content;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return undefined;
    throw new MalformedPayload(`corrupt zstd data (${error instanceof Error ? error.message : 'unknown'})`, start);
  }
}
