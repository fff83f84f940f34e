import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A relay in front of a server, to play network failures. */
export class TcpProxy {
  private readonly sockets = new Set<Socket>();
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
