/** What a storage said to a request. */
export type PushResult =
  | { readonly kind: 'accepted' }
  /** The request as it is will never be accepted: 400 and its like. */
  | { readonly kind: 'refused'; readonly detail: string }
  /** The storage failed at the request (500): its own fault, or that of something in the request. */
  | { readonly kind: 'failed'; readonly detail: string }
  /** The storage cannot take anything now; the same request may succeed later. */
  | { readonly kind: 'unavailable'; readonly detail: string };

/** Something that takes encoded WriteRequests: a remote-write storage, or memory when none is configured. */
export interface SeriesSink {
  /** Tells sinks apart in metrics, logs and health; free of credentials. */
  readonly name: string;
  /**
   * Hands a request over.
   * @param compressed a WriteRequest of 1.0 as a snappy block
   * @param signal ends the wait; the result is then `unavailable`
   */
  push(compressed: Buffer, signal: AbortSignal): Promise<PushResult>;
  close(): Promise<void>;
}
