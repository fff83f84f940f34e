import type { IncomingMessage } from 'node:http';
import { Unavailable } from '../../common/domain-error.js';
import { PayloadLimitExceeded } from '../../wire/malformed-payload.js';

/** Counts the bytes of all requests in work and refuses more than the limit. */
export class InFlightBytes {
  private bytes = 0;

  constructor(
    private readonly limit: number,
    private readonly retryAfterSeconds: number,
    private readonly onChange: (bytes: number) => void,
  ) {}

  /** @throws Unavailable when there is no room; senders keep what they have and come again */
  take(bytes: number): void {
    if (this.bytes + bytes > this.limit) {
      const detail = `${this.bytes} bytes of requests are in work, METRICS_MAX_IN_FLIGHT_BYTES is ${this.limit}`;
      throw new Unavailable(`overloaded: ${detail}`, { retryAfterSeconds: this.retryAfterSeconds });
    }
    this.bytes += bytes;
    this.onChange(this.bytes);
  }

  release(bytes: number): void {
    this.bytes -= bytes;
    this.onChange(this.bytes);
  }
}

/** A request's body and the room it takes until `release` is called. */
export interface HeldBody {
  readonly bytes: Buffer;
  release(): void;
}

/**
 * Reads a body of at most `limit` bytes. Refuses by Content-Length before the first byte where there is one; a body of
 * unknown length is cut off at the limit.
 * @throws PayloadLimitExceeded, Unavailable
 */
export async function readBody(request: IncomingMessage, limit: number, inFlight: InFlightBytes): Promise<HeldBody> {
  const announced = Number(request.headers['content-length'] ?? Number.NaN);
  if (announced > limit) throw tooLarge(announced, limit);
  let held = Number.isNaN(announced) ? 0 : announced;
  inFlight.take(held);
  const release = (): void => {
    inFlight.release(held);
    held = 0;
  };
  const memory = bodyMemory.take(Number.isNaN(announced) ? UNANNOUNCED_BYTES : announced);
  let bytes = memory;
  let size = 0;
  try {
    for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      const end = size + part.length;
      if (end > limit) throw tooLarge(`more than ${limit}`, limit);
      if (end > held) {
        inFlight.take(end - held);
        held = end;
      }
      if (end > bytes.length) bytes = Buffer.concat([bytes.subarray(0, size)], Math.min(limit, end * 2));
      part.copy(bytes, size);
      size = end;
    }
  } catch (error) {
    release();
    throw error;
  }
  return {
    bytes: bytes.subarray(0, size),
    release: () => {
      release();
      bodyMemory.giveBack(memory);
    },
  };
}

/** First guess for a body whose length was not announced. */
const UNANNOUNCED_BYTES = 64 * 1024;

/**
 * Buffers for bodies, used again and again: fresh ones of this size each make V8 collect its whole heap every few hundred
 * requests. A few of moderate size are kept.
 */
class BodyMemory {
  private readonly free: Buffer[] = [];

  take(length: number): Buffer {
    const position = this.free.findIndex((buffer) => buffer.length >= length);
    const [found] = position < 0 ? [] : this.free.splice(position, 1);
    return found ?? Buffer.allocUnsafeSlow(length <= KEPT_BYTES ? KEPT_BYTES : length);
  }

  giveBack(buffer: Buffer): void {
    if (buffer.length === KEPT_BYTES && this.free.length < KEPT_BUFFERS) this.free.push(buffer);
  }
}

const KEPT_BYTES = 512 * 1024;
const KEPT_BUFFERS = 16;
const bodyMemory = new BodyMemory();

function tooLarge(size: number | string, limit: number): PayloadLimitExceeded {
  return new PayloadLimitExceeded('METRICS_MAX_COMPRESSED_BYTES', limit, size, 'body in bytes');
}
