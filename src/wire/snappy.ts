import { createRequire } from 'node:module';
import { MalformedPayload, PayloadLimitExceeded } from './malformed-payload.js';
import { decodeSnappyElements } from './snappy-decoder.js';
import { findSnappyFault } from './snappy-fault.js';

/** One implementation of snappy's block format. */
export interface SnappyCodec {
  readonly name: 'native' | 'portable';
  uncompress(bytes: Buffer, maxLength: number): Buffer;
  compress(bytes: Buffer): Buffer;
}

/** The codec of this process: native where the platform's binary is installed, else the portable one. */
export const snappyCodec: SnappyCodec = loadNative() ?? portableCodec();

/**
 * Decompresses a snappy block. The declared length is checked before anything is allocated.
 * @param limit largest decompressed size in bytes; `setting` names it in the error
 * @throws PayloadLimitExceeded, MalformedPayload
 */
export function snappyUncompress(bytes: Buffer, limit: number, setting: string, codec = snappyCodec): Buffer {
  const { length: declared } = readPreamble(bytes);
  if (declared > limit) throw new PayloadLimitExceeded(setting, limit, declared, 'declared decompressed size in bytes');
  if (declared > bytes.length * MAX_EXPANSION) throw faultOf(bytes);
  let result: Buffer;
  try {
    result = codec.uncompress(bytes, declared);
  } catch {
    throw faultOf(bytes);
  }
  if (result.length !== declared) throw faultOf(bytes);
  return result;
}

/** No block expands more: its densest element copies 64 bytes and takes three. */
const MAX_EXPANSION = 22;

function faultOf(bytes: Buffer): MalformedPayload {
  return findSnappyFault(bytes) ?? new MalformedPayload('corrupt snappy block', 0);
}

/**
 * Below this ratio of compression the block is mostly short literals, which the native codec copies faster than ours, garbage
 * included; above it ours wins (measured at the crossover, docs/performance.md).
 */
const OWN_DECODER_RATIO = 3;

/** Memory that is used for one decompression after the other; grows to the largest and stays. */
export class DecompressionBuffer {
  private bytes = Buffer.alloc(0);

  /**
   * Decompresses a snappy block. The result belongs to this buffer and is valid until the next call.
   * @throws PayloadLimitExceeded, MalformedPayload
   */
  uncompress(block: Buffer, limit: number, setting: string): Buffer {
    const { length, next } = readPreamble(block);
    if (length > limit) throw new PayloadLimitExceeded(setting, limit, length, 'declared decompressed size in bytes');
    if (length > block.length * MAX_EXPANSION) throw faultOf(block);
    if (length < block.length * OWN_DECODER_RATIO) return snappyUncompress(block, limit, setting);
    if (length > this.bytes.length) this.bytes = Buffer.allocUnsafeSlow(Math.min(limit, length * 2));
    decodeSnappyElements(block, next, this.bytes, length);
    return this.bytes.subarray(0, length);
  }
}

export function snappyCompress(bytes: Buffer): Buffer {
  return snappyCodec.compress(bytes);
}

/** The preamble: decompressed length as a varint of at most five bytes. */
function readPreamble(bytes: Buffer): { length: number; next: number } {
  if (bytes.length === 0) throw new MalformedPayload('empty snappy block', 0);
  let length = 0;
  for (let i = 0; i < 5; i++) {
    const byte = bytes[i];
    if (byte === undefined) throw new MalformedPayload('truncated snappy preamble', i);
    length += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { length, next: i + 1 };
  }
  throw new MalformedPayload('snappy preamble longer than five bytes', 5);
}

interface NativeSnappy {
  uncompressSync(input: Buffer, options: { asBuffer: true; copyOutputData: true }): Buffer;
  compressSync(input: Buffer, options: { copyOutputData: true }): Buffer;
}

/** `copyOutputData` keeps the result in memory of V8's own: without it each call maps a fresh external buffer, at a tenth of the speed. */
function loadNative(): SnappyCodec | undefined {
  try {
    const native = createRequire(import.meta.url)('snappy') as NativeSnappy;
    return {
      name: 'native',
      uncompress: (bytes) => native.uncompressSync(bytes, { asBuffer: true, copyOutputData: true }),
      compress: (bytes) => native.compressSync(bytes, { copyOutputData: true }),
    };
  } catch {
    return undefined;
  }
}

interface PortableSnappy {
  uncompress(bytes: Uint8Array, maxLength?: number): Uint8Array;
  compress(bytes: Uint8Array): Uint8Array;
}

/**
 * The JavaScript codec, for platforms without the native binary. It takes blocks that hold more or less than they declare
 * for sound ones (zeros in the gap), so the block is checked first.
 */
export function portableCodec(): SnappyCodec {
  const portable = createRequire(import.meta.url)('snappyjs') as PortableSnappy;
  return {
    name: 'portable',
    uncompress: (bytes, maxLength) => {
      const fault = findSnappyFault(bytes);
      if (fault !== undefined) throw fault;
      return asBuffer(portable.uncompress(bytes, maxLength));
    },
    compress: (bytes) => asBuffer(portable.compress(bytes)),
  };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
