import { once } from 'node:events';
import { Agent, createServer, get, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { Clock } from '../common/clock.js';
import { Drain } from './drain.js';
import { listen } from './listen.js';
import { onStopSignals } from './stop-signals.js';

const agent = new Agent({ keepAlive: true });
let server: Server;
let base: string;
let drain: Drain;

async function serve(handler: RequestListener): Promise<void> {
  server = createServer(handler);
  drain = new Drain(server);
  base = await listen(server, { host: '127.0.0.1', port: 0 });
}

async function ask(): Promise<IncomingMessage> {
  const [response] = (await once(get(base, { agent }), 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  return response;
}

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

describe('draining', () => {
  it('answers what is in flight, then nothing is open any more', async () => {
    await serve((_request, response) => void delay(150).then(() => response.end('done')));
    const answer = ask();
    while (drain.inFlight === 0) await delay(1);
    const drained = drain.run(5_000);
    const { statusCode, headers } = await answer;
    expect([statusCode, headers.connection]).toEqual([200, 'close']);
    expect(await drained).toBe(0);
    await expect(ask()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('does not wait for idle connections', async () => {
    await serve((_request, response) => response.end());
    await ask();
    expect(await drain.run(5_000)).toBe(0);
  });

  it('cuts off what takes too long, and says how many', async () => {
    await serve(() => undefined);
    const answer = ask().catch((error: unknown) => error);
    while (drain.inFlight === 0) await delay(1);
    expect(await drain.run(30)).toBe(1);
    expect(await answer).toMatchObject({ code: 'ECONNRESET' });
  });
});

describe('stop signals', () => {
  it.each([
    [[0, 100, 1_999], 0],
    [[0, 100, 2_001], 1],
  ])('at %j give up %d times', (times, givenUp) => {
    let now = 0;
    const listeners: ((signal: string) => void)[] = [];
    const calls: string[] = [];
    const source = { on: (_signal: string, listener: (signal: string) => void) => listeners.push(listener) };
    const clock = new (class extends Clock {
      override now = () => now;
    })();
    onStopSignals(
      source,
      clock,
      (signal) => calls.push(signal),
      () => calls.push('give up'),
    );
    for (now of times) listeners[0]?.('SIGINT');
    expect(calls).toEqual(['SIGINT', ...Array.from({ length: givenUp }, () => 'give up')]);
  });
});
