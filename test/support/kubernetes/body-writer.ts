import type { ServerResponse } from 'node:http';

/** Writes a body piece by piece: in pieces of a given size, and up to a byte at which the connection is torn. */
export class BodyWriter {
  private untilCut = Infinity;
  private isOver = false;
  private room: (() => void) | undefined;
  private readonly listeners: (() => void)[] = [];

  /** @param pieceSize bytes written at a time, asked before every write */
  constructor(
    private readonly response: ServerResponse,
    private readonly pieceSize: () => number,
  ) {
    response.once('close', () => {
      this.finish();
    });
    response.on('drain', () => this.room?.());
  }

  /** Nothing can be written any more. */
  get isClosed(): boolean {
    return this.isOver;
  }

  /** The connection is torn as soon as `bytes` more have been written; at once when that is 0. */
  cutAfter(bytes: number): void {
    this.untilCut = bytes;
    if (bytes === 0) this.cut();
  }

  /** Resolves when there is room for more, or none will come. */
  async write(text: string): Promise<void> {
    if (this.isOver) return;
    const hasRoom = this.isPlain() ? this.response.write(text) : this.writePieces(Buffer.from(text));
    if (!hasRoom && !this.isClosed) await this.untilRoom();
  }

  end(): void {
    if (this.isOver) return;
    this.response.end();
    this.finish();
  }

  /** Called once, when the body is ended or torn, or the client is gone. */
  onClosed(listener: () => void): void {
    this.listeners.push(listener);
  }

  private isPlain(): boolean {
    return this.untilCut === Infinity && this.pieceSize() === Infinity;
  }

  private writePieces(bytes: Buffer): boolean {
    const allowed = bytes.subarray(0, Math.min(bytes.length, this.untilCut));
    this.untilCut -= allowed.length;
    const size = Math.min(this.pieceSize(), allowed.length);
    let hasRoom = true;
    for (let start = 0; start < allowed.length; start += size) {
      hasRoom = this.response.write(allowed.subarray(start, start + size));
    }
    if (this.untilCut === 0) this.cut();
    return hasRoom;
  }

  /** After what has been written is out. */
  private cut(): void {
    if (this.isOver) return;
    this.response.flushHeaders();
    const { socket } = this.response;
    socket?.end(() => socket.destroy());
    this.finish();
  }

  private finish(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.room?.();
    for (const listener of this.listeners) listener();
  }

  private untilRoom(): Promise<void> {
    return new Promise((resolve) => {
      this.room = () => {
        this.room = undefined;
        resolve();
      };
    });
  }
}
