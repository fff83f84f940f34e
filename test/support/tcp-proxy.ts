import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A relay in front of a server, to play network failures. */
export class TcpProxy {
  private readonly sockets = new Set<Socket>();
  /** Connections by the port from which the server sees them come. */
  private readonly pairs = new Map<number, { near: Socket; far: Socket }>();
  private frozen = false;

  private constructor(
    private readonly server: Server,
    private target: URL,
  ) {
    server.on('connection', (socket) => {
      this.relay(socket);
    });
  }

  /** Listens on a port of 127.0.0.1 and relays to the host and port of `target`. */
  static async start(target: string): Promise<TcpProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new TcpProxy(server, new URL(target));
  }

  /** The target's URL with the relay's address. */
  get url(): string {
    const url = new URL(this.target);
    url.hostname = '127.0.0.1';
    url.port = String((this.server.address() as AddressInfo).port);
    return url.href;
  }

  /** New connections go to the host and port of `target` from now on. */
  retarget(target: string): void {
    this.target = new URL(target);
  }

  /** From now on no byte passes, and nobody is told. */
  freeze(): void {
    this.frozen = true;
    for (const socket of this.sockets) socket.pause();
  }

  /** New connections pass again; the frozen ones are reset. */
  thaw(): void {
    this.frozen = false;
    this.reset();
  }

  /**
   * Closes the server's side of one connection; the client is not told and gets no answer any more, as when its host was out of
   * reach for too long. Throws when there is no such connection.
   * @param port from which the server sees it come
   */
  abandon(port: number): void {
    const pair = this.pairs.get(port);
    if (pair === undefined) throw new Error(`No connection comes from port ${port}`);
    const { near, far } = pair;
    near.unpipe(far).pause();
    far.unpipe(near).removeAllListeners('close');
    far.destroy();
    this.sockets.delete(far);
    this.pairs.delete(port);
  }

  async close(): Promise<void> {
    this.reset();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private reset(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  private relay(near: Socket): void {
    if (this.frozen) {
      this.keep(near).pause();
      return;
    }
    const far = connect(Number(this.target.port), this.target.hostname);
    this.keep(near).pipe(this.keep(far)).pipe(near);
    far.once('connect', () => {
      const port = far.localPort!;
      this.pairs.set(port, { near, far });
      far.once('close', () => this.pairs.delete(port));
    });
    near.once('close', () => far.destroy());
    far.once('close', () => near.destroy());
  }

  private keep(socket: Socket): Socket {
    this.sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.sockets.delete(socket));
    return socket;
  }
}
