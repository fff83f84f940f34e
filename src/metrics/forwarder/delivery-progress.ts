import { hash } from 'node:crypto';

/** Requests whose partial delivery is remembered. */
const MAX_REQUESTS = 1_000;
/** Longer than any sender's largest backoff, so that a repeated request still finds its progress. */
const FORGET_AFTER_MS = 10 * 60_000;
/** Pieces remembered of one request at one storage. */
const MAX_PIECES = 20_000;

/** How far one request has come at one storage. */
export interface EndpointProgress {
  /** The storage has all of it that it will ever take. */
  done: boolean;
  /** Times the storage answered 500 to the whole request. */
  failures: number;
  /** Pieces of the bisected request that the storage has accepted or refused for good. */
  readonly settled: Set<string>;
  /** A piece that the storage has accepted: shows, when sent again, whether the storage works at all. */
  control: Buffer | undefined;
}

interface RequestProgress {
  readonly endpoints: Map<string, EndpointProgress>;
  touchedAt: number;
}

/**
 * Remembers requests that were delivered in part: accepted by some storages, or bisected and not finished in time. The sender
 * repeats such a request byte for byte, and what a storage has taken is not sent to it again.
 */
export class DeliveryProgress {
  private readonly requests = new Map<string, RequestProgress>();

  /** Whether anything is remembered; if not, looking a request up costs no digest. */
  get isEmpty(): boolean {
    return this.requests.size === 0;
  }

  find(digest: string, endpoint: string): EndpointProgress | undefined {
    return this.requests.get(digest)?.endpoints.get(endpoint);
  }

  of(digest: string, endpoint: string, now: number): EndpointProgress {
    const request = this.requests.get(digest) ?? { endpoints: new Map<string, EndpointProgress>(), touchedAt: now };
    request.touchedAt = now;
    this.requests.delete(digest);
    this.requests.set(digest, request);
    this.forget(now);
    const progress = request.endpoints.get(endpoint) ?? {
      done: false,
      failures: 0,
      settled: new Set<string>(),
      control: undefined,
    };
    request.endpoints.set(endpoint, progress);
    return progress;
  }

  delete(digest: string): void {
    this.requests.delete(digest);
  }

  private forget(now: number): void {
    for (const [digest, { touchedAt }] of this.requests) {
      if (this.requests.size <= MAX_REQUESTS && now - touchedAt < FORGET_AFTER_MS) return;
      this.requests.delete(digest);
    }
  }
}

/** Notes that a piece needs no further delivery. */
export function settle(progress: EndpointProgress, piece: string): void {
  if (progress.settled.size < MAX_PIECES) progress.settled.add(piece);
}

/** Identifies a request or a piece of one by its bytes. */
export function digestOf(bytes: Buffer): string {
  return hash('sha1', bytes, 'base64');
}
