import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tuneServer } from './server-tuning.js';

let server: Server;

async function serve(requestTimeout: number, handler: RequestListener = () => undefined): Promise<void> {
  server = createServer({ connectionsCheckingInterval: 20 }, handler);
  const limits = { host: '', port: 0, jsonBodyLimit: 0, keepAliveTimeout: 60_000, shutdownTimeout: 0 };
  tuneServer(server, { ...limits, requestTimeout });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}

/** Sends raw bytes and returns all that comes back until the connection is closed. */
async function raw(bytes: string): Promise<{ status: string; headers: string; body: string }> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  if (bytes !== '') socket.write(bytes);
  let answer = '';
  socket.on('data', (chunk) => (answer += chunk.toString()));
  socket.on('error', () => undefined);
  await once(socket, 'close');
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  const [status = '', ...headers] = head.split('\r\n');
  return { status, headers: headers.join('\n'), body };
}

const post = (path: string) => `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc`;
const broken = (path: string) => `POST ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n`;
const NOTHING = { status: '', headers: '', body: '' };

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

describe('a request that Node cannot read is answered as others are', () => {
  const expectProblem = async (bytes: string, status: string, problem: object) => {
    const answer = await raw(bytes);
    expect(answer.status).toBe(`HTTP/1.1 ${status}`);
    expect(answer.headers).toContain('Connection: close\nContent-Type: application/problem+json\n');
    expect(answer.headers).toContain(`Content-Length: ${Buffer.byteLength(answer.body)}`);
    expect(JSON.parse(answer.body)).toMatchObject(problem);
  };

  it('when it is not HTTP', async () => {
    await serve(5_000);
    const detail = expect.stringMatching(/^This is not HTTP\/1\.1: .+\.$/) as string;
    await expectProblem('hello\r\n\r\n', '400 Bad Request', { status: 400, code: 'invalid_request', detail });
    await expectProblem(broken('/v1/logs'), '400 Bad Request', { status: 400, detail });
  });

  it('when its headers are beyond measure', async () => {
    await serve(5_000);
    const large = `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`;
    await expectProblem(large, '431 Request Header Fields Too Large', {
      status: 431,
      code: 'headers_too_large',
      errors: [{ field: 'headers', limit: 16_384 }],
    });
  });

  it('when it dawdles', async () => {
    await serve(100);
    await expectProblem(post('/v1/logs'), '408 Request Timeout', { status: 408, code: 'request_timeout' });
    await expectProblem('GET / HTTP/1.1\r\n', '408 Request Timeout', { status: 408 });
  });
});

it('senders of remote write get a line of text, and no answer to a body that dawdles, so that they send it again', async () => {
  await serve(100);
  const answer = await raw(broken('/api/v1/prometheus/write'));
  expect(answer.status).toBe('HTTP/1.1 400 Bad Request');
  expect(answer.headers).toContain('Content-Type: text/plain');
  expect(answer.body).toMatch(/^This is not HTTP\/1\.1: .*\n$/);
  expect(await raw(post('/v1/prometheus'))).toEqual(NOTHING);
});

it('a connection that was opened ahead of need is closed without a word', async () => {
  await serve(100);
  expect(await raw('')).toEqual(NOTHING);
});

it('an answer that has begun, or that another request waits for, is not mixed up with it', async () => {
  await serve(5_000, (request, response) => {
    if (request.url === '/begun') response.write('begun');
  });
  expect((await raw(broken('/begun'))).body).not.toContain('problem');
  expect(await raw('GET /waiting HTTP/1.1\r\nHost: x\r\n\r\nhello\r\n\r\n')).toEqual(NOTHING);
});
