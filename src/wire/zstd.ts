import { zstdDecompressSync } from 'node:zlib';
import { MalformedPayload, PayloadLimitExceeded } from './malformed-payload.js';

const MAGIC = 0xfd2fb528;

/**
 * Decompresses zstd frames (RFC 8878). The declared content size is checked first where the frame has one;
 * where not, decompression stops at the limit.
 * @throws PayloadLimitExceeded, MalformedPayload
 */
export function zstdUncompress(bytes: Buffer, limit: number, setting: string): Buffer {
  const declared = declaredContentSize(bytes);
  if (declared !== undefined && declared > limit) {
    throw new PayloadLimitExceeded(setting, limit, declared, 'declared decompressed size in bytes');
  }
  try {
    return zstdDecompressSync(bytes, { maxOutputLength: limit });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new PayloadLimitExceeded(setting, limit, `more than ${limit}`, 'decompressed size in bytes');
    }
    throw new MalformedPayload(`corrupt zstd data (${error instanceof Error ? error.message : 'unknown'})`, 0);
  }
}

/** The first frame's content size, if it declares one. Layout: RFC 8878, 3.1.1.1. */
function declaredContentSize(bytes: Buffer): number | undefined {
  if (bytes.length < 5 || bytes.readUInt32LE(0) !== MAGIC) throw new MalformedPayload('no zstd frame', 0);
  const descriptor = bytes[4] ?? 0;
  const singleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const sizeBytes = sizeFlag === 0 ? (singleSegment ? 1 : 0) : 2 ** sizeFlag;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const at = 5 + (singleSegment ? 0 : 1) + dictionaryBytes;
  if (sizeBytes === 0) return undefined;
  if (at + sizeBytes > bytes.length) throw new MalformedPayload('truncated zstd frame header', bytes.length);
  if (sizeBytes === 8) return Number(bytes.readBigUInt64LE(at));
  return bytes.readUIntLE(at, sizeBytes) + (sizeBytes === 2 ? 256 : 0);
}
