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
  try {
    const parts: Buffer[] = [];
    let size = 0;
    for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > limit) throw tooLarge(`more than ${limit}`, limit);
      if (size > held) {
        inFlight.take(size - held);
        held = size;
      }
      parts.push(part);
    }
    return { bytes: parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts), release };
  } catch (error) {
    release();
    throw error;
  }
}

function tooLarge(size: number | string, limit: number): PayloadLimitExceeded {
  return new PayloadLimitExceeded('METRICS_MAX_COMPRESSED_BYTES', limit, size, 'body in bytes');
}
