import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/** How often connections that have become idle are closed while draining, in ms. */
const SWEEP_INTERVAL = 50;

/** Ends a server without losing a request: knows which ones are in work, and waits for them. */
export class Drain {
  private readonly open = new Set<ServerResponse>();
  private isDraining = false;

  constructor(private readonly server: Server) {
    server.prependListener('request', (_request: IncomingMessage, response: ServerResponse) => {
      this.follow(response);
    });
  }

  /** Requests being worked on. */
  get inFlight(): number {
    return this.open.size;
  }

  /**
   * Accepts no connection any more and answers what has arrived, each answer closing its connection.
   * Resolves with how many requests were cut off because `timeout` ms had passed.
   */
  async run(timeout: number): Promise<number> {
    this.isDraining = true;
    for (const response of this.open) announceClose(response);
    const late = new AbortController();
    const closed = new Promise<void>((resolve) =>
      this.server.close(() => {
        resolve();
      }),
    );
    const sweep = setInterval(() => {
      this.server.closeIdleConnections();
    }, SWEEP_INTERVAL);
    const timer = delay(timeout, undefined, { signal: late.signal }).catch(() => undefined);
    await Promise.race([closed, timer]);
    clearInterval(sweep);
    late.abort();
    const cutOff = this.inFlight;
    this.server.closeAllConnections();
    await closed;
    return cutOff;
  }

  private follow(response: ServerResponse): void {
    this.open.add(response);
    response.once('close', () => this.open.delete(response));
    if (this.isDraining) announceClose(response);
  }
}

function announceClose(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
}
