import { snappyCompress } from '../../wire/snappy.js';
import { digestOf, settle, type EndpointProgress } from './delivery-progress.js';
import type { SeriesSink } from './series-sink.js';
import { countData, halve } from './split-request.js';

/** What came of handing one request to one storage. */
export type DeliveryResult =
  | {
      readonly delivered: true;
      readonly rejected: number;
      /** Accepted as it was, so read to its end. */ readonly atOnce?: true;
    }
  | { readonly delivered: false; readonly detail: string };

/** What a delivery needs beside the request itself. */
export interface DeliveryContext {
  readonly sink: SeriesSink;
  readonly progress: EndpointProgress;
  readonly signal: AbortSignal;
  /** Whether the storage is known to have this one-sample request already; its refusal then loses nothing. */
  isStored(request: Buffer): boolean;
  /** Told of each refused piece that could not be cut further. */
  onRejected(request: Buffer, detail: string): void;
}

/**
 * Delivers a request that the storage refuses as a whole: cuts it in halves until what is refused is a single sample, drops
 * that and delivers the rest, in the order of the request. Storages such as Prometheus store nothing of a request that holds
 * one bad sample. Pieces settled before an interruption are not sent again.
 *
 * A 400 condemns a sample at once. A 500 may be the storage's own trouble, so samples that meet one are only suspects until
 * the storage has shown that it takes other samples of the same request, before and after.
 */
export async function bisect(request: Buffer, context: DeliveryContext): Promise<DeliveryResult> {
  return new Bisection(context).run(request);
}

class Bisection {
  private rejected = 0;
  private readonly suspects: { piece: Buffer; detail: string }[] = [];

  constructor(private readonly context: DeliveryContext) {}

  async run(request: Buffer): Promise<DeliveryResult> {
    const trouble = (await this.cut(request)) ?? (await this.judgeSuspects());
    return trouble === undefined ? { delivered: true, rejected: this.rejected } : { delivered: false, detail: trouble };
  }

  /** Delivers both halves of a piece that failed; returns why it could not go on. */
  private async cut(piece: Buffer): Promise<string | undefined> {
    for (const half of halve(piece) ?? [piece]) {
      const trouble = await this.deliver(half);
      if (trouble !== undefined) return trouble;
    }
    return undefined;
  }

  private async deliver(piece: Buffer): Promise<string | undefined> {
    const digest = digestOf(piece);
    if (this.context.progress.settled.has(digest)) return undefined;
    const result = await this.push(piece);
    if (result.kind === 'unavailable') return result.detail;
    if (result.kind === 'accepted') this.keepControl(piece);
    else if (halve(piece) !== undefined) return this.cut(piece);
    else if (result.kind === 'failed') {
      this.suspects.push({ piece, detail: result.detail });
      return undefined;
    } else this.reject(piece, result.detail);
    settle(this.context.progress, digest);
    return undefined;
  }

  private async judgeSuspects(): Promise<string | undefined> {
    const [first] = this.suspects;
    if (first === undefined) return undefined;
    const control = this.context.progress.control;
    if (control === undefined) return `${first.detail} (for every part of the request)`;
    for (const { piece } of this.suspects) {
      const again = await this.push(piece);
      if (again.kind === 'unavailable') return again.detail;
      if (again.kind === 'accepted') continue;
      // Samples it has already may be refused, but not by a storage in trouble.
      const { kind } = await this.push(control);
      if (kind === 'failed' || kind === 'unavailable') return first.detail;
      this.reject(piece, again.detail);
      settle(this.context.progress, digestOf(piece));
    }
    return undefined;
  }

  /** The smallest piece, in memory of its own: it outlives the request. */
  private keepControl(piece: Buffer): void {
    const { progress } = this.context;
    if (progress.control === undefined || piece.length < progress.control.length) progress.control = Buffer.from(piece);
  }

  private push(piece: Buffer): ReturnType<SeriesSink['push']> {
    return this.context.sink.push(snappyCompress(piece), this.context.signal);
  }

  private reject(piece: Buffer, detail: string): void {
    if (this.context.isStored(piece)) return;
    this.rejected += countData(piece);
    this.context.onRejected(piece, detail);
  }
}
