import { createServer } from 'node:net';
import { assertAvailable, listen } from './listen.js';

const host = '127.0.0.1';

it('an address is available until somebody listens there, and named then', async () => {
  const server = createServer();
  const port = Number(new URL(await listen(server, { host, port: 0 })).port);
  const refusal = `HOST:PORT 127.0.0.1:${port} is in use; choose another port with PORT or --port.`;
  await expect(assertAvailable({ host, port })).rejects.toThrow(refusal);
  await expect(listen(createServer(), { host, port })).rejects.toThrow(refusal);
  await new Promise((done) => server.close(done));
  await assertAvailable({ host, port });
  await assertAvailable({ host, port });
});

it.each(['192.0.2.1', 'no host'])('an address that is none of this machine is named: %s', async (foreign) => {
  await expect(assertAvailable({ host: foreign, port: 2 })).rejects.toThrow(
    `HOST:PORT ${foreign}:2 cannot be opened: `,
  );
});
