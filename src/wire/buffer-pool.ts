/**
 * Buffers of one size that are used again and again: memory fresh for each request makes V8 collect its whole heap every
 * few hundred requests, which costs more than the work itself. What is larger is made for once and left to the collector.
 */
export class BufferPool {
  private readonly free: Buffer[] = [];

  /**
   * @param size bytes of each buffer
   * @param kept how many are kept while nobody uses them
   */
  constructor(
    readonly size: number,
    private readonly kept: number,
  ) {}

  /** A buffer of at least `length` bytes with arbitrary content; the caller's until it is given back. */
  take(length: number): Buffer {
    if (length > this.size) return Buffer.allocUnsafeSlow(length);
    return this.free.pop() ?? Buffer.allocUnsafeSlow(this.size);
  }

  /** Takes a buffer back that nobody reads or writes any more. */
  giveBack(buffer: Buffer): void {
    if (buffer.length === this.size && this.free.length < this.kept) this.free.push(buffer);
  }
}
