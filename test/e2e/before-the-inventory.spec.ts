import { snappyCompress } from '../../src/wire/snappy.js';
import { ExternalDatabase } from '../support/e2e-database.js';
import type { Service } from '../support/e2e-service.js';
import { Stack } from '../support/e2e-stack.js';
import { eventually } from '../support/eventually.js';
import { series, writeRequest } from '../support/metrics-wire.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const REQUEST = Uint8Array.from(snappyCompress(writeRequest([series({ __name__: 'm' }, [1, Date.now()])])));
const HEADERS = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' };

async function send(service: Service) {
  const reply = await fetch(service.remoteWriteUrl, { method: 'POST', headers: HEADERS, body: REQUEST });
  return { status: reply.status, retryAfter: reply.headers.get('retry-after'), text: await reply.text(), reply };
}

describe('while the inventory has not been read', () => {
  const stack = new Stack();
  afterAll(() => stack.close());

  it(
    'senders are asked to come again, with one line; when the database is there at last, they are served',
    stack.explained(async () => {
      const database = stack.closeAtEnd(new ExternalDatabase(await stack.folder('external')));
      // Its address is known and answers nobody yet.
      const address = stack.closeAtEnd(await TcpProxy.start(await database.start()));
      await database.close();
      const service = await stack.prepareService({
        ...{ DATABASE_URL: address.url, CACHE_REFRESH_INTERVAL: '1s', METRICS_RETRY_AFTER: '3s', LOG_LEVEL: 'info' },
      });
      service.launch();
      await eventually(async () => (await fetch(`${service.url}/health/live`)).ok, 60_000);

      expect((await fetch(`${service.url}/health/ready`)).status).toBe(503);
      const { reply, ...early } = await send(service);
      expect(early).toEqual({ status: 503, retryAfter: '3', text: 'the inventory has not been read yet\n' });
      expect(reply.headers.get('content-type')).toMatch(/^text\/plain/);
      // A probe that is told “not ready yet” is nothing to warn of.
      expect(service.text).not.toMatch(/"url":"\/health\/ready"/);

      address.retarget(await database.start());
      await service.ready();
      expect(await send(service)).toMatchObject({ status: 204, retryAfter: null, text: '' });
    }),
  );
});
