import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { snappyUncompress } from '../../src/wire/snappy.js';
import { readRequest, type Series } from './metrics-wire.js';

/** What the storage answers; `hang` never answers, `reset` cuts the connection. */
export type StorageAnswer =
  number | 'hang' | 'reset' | { status: number; headers?: Record<string, string>; body?: string };

/** A request as the storage received it. */
export interface StoredRequest {
  readonly headers: IncomingHttpHeaders;
  readonly url: string;
  readonly body: Buffer;
  readonly series: readonly Series[];
  readonly answer: StorageAnswer;
}

/** A remote-write storage over real HTTP whose answers the test decides, request by request. */
export class TestStorage {
  readonly requests: StoredRequest[] = [];
  /** Decides about a request; 204 takes it. */
  answer: (series: readonly Series[], headers: IncomingHttpHeaders) => StorageAnswer = () => 204;

  private constructor(
    private readonly server: Server,
    private readonly scheme: string,
  ) {}

  static async start(tls?: { key: string; cert: string }, port = 0): Promise<TestStorage> {
    const listener: RequestListener = (request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const answer = storage.take(request.url ?? '', request.headers, Buffer.concat(parts));
        if (answer === 'hang') return;
        if (answer === 'reset') {
          request.socket.resetAndDestroy();
          return;
        }
        const { status, headers = {}, body = '' } = typeof answer === 'number' ? { status: answer } : answer;
        response.writeHead(status, headers).end(body);
      });
    };
    const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
    const storage = new TestStorage(server, tls === undefined ? 'http' : 'https');
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return storage;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.scheme}://127.0.0.1:${this.port}/api/v1/write`;
  }

  /** Series of the accepted requests, in the order of arrival. */
  get stored(): Series[] {
    return this.requests.filter(({ answer }) => answer === 204).flatMap(({ series }) => [...series]);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private take(url: string, headers: IncomingHttpHeaders, body: Buffer): StorageAnswer {
    const { series } = readRequest(snappyUncompress(body, 2 ** 30, 'test'));
    const answer = this.answer(series, headers);
    this.requests.push({ url, headers, body, series, answer });
    return answer;
  }
}
