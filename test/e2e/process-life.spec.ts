import { readdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { INVENTORY } from '../support/e2e-cluster.js';
import { freePort } from '../support/e2e-port.js';
import { isAlive, Service } from '../support/e2e-service.js';
import { Stack } from '../support/e2e-stack.js';

const ROOT = resolve(import.meta.dirname, '../..');

const READY = /^.*Telemetry Processor is (ready|listening).*$/m;

describe('the life of the process', () => {
  const stack = new Stack();
  afterAll(() => stack.close());

  it(
    'npm start, Ctrl-C and npm start again: everything stops cleanly, the inventory is there again',
    stack.explained(async () => {
      const launcher = { command: 'npm', args: ['start'], cwd: ROOT, leadsGroup: true };
      const service = await stack.prepareService({}, { launcher });
      await service.start();
      await service.putInventory(INVENTORY);
      const pods = await podCache(service);
      expect(pods).toHaveProperty(['gpu-node-01', 'gpu_id', '0'], ['llama3-70b-worker-0', 'pod-train']);
      const database = await service.databasePid();
      expect(database).toBeDefined();

      await service.end('SIGINT');
      expect(service.text).toMatch(/"msg":"stopped"/);
      expect(service.text).not.toMatch(/"level":"(error|fatal)"|did not stop cleanly|cut off/);
      expect(isAlive(database!)).toBe(false);
      await expect(fetch(service.url)).rejects.toThrow('fetch failed');

      await service.start();
      expect(await podCache(service)).toEqual(pods);
      await service.end('SIGINT');
    }),
  );

  it(
    'exits with 0 at Ctrl-C and at SIGTERM, and says at its start where everything is',
    stack.explained(async () => {
      const service = await stack.prepareService();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) {
        const from = service.text.length;
        await service.start();
        const [line] = await service.says(READY, from);
        expect(JSON.parse(line)).toMatchObject({
          ...{ api: service.url, docs: `${service.url}/docs`, metrics: `${service.url}/metrics` },
          database: expect.stringMatching(/^embedded in /) as string,
        });
        expect(await service.end(signal)).toEqual({ code: 0, signal: null });
      }
    }),
  );

  it(
    'deals with what a killed service and its killed database leave behind',
    stack.explained(async () => {
      const service = await stack.prepareService();
      await service.start();
      await service.putInventory(INVENTORY);
      const database = await service.databasePid();
      await service.end('SIGKILL');
      process.kill(database!, 'SIGKILL');
      const from = service.text.length;
      await service.start();
      expect(service.text.slice(from)).toContain('"adopted":false');
      expect(await service.databasePid()).not.toBe(database);
      expect(Object.keys(await podCache(service))).toEqual(['gpu-node-01', 'gpu-node-02']);
    }),
  );

  it(
    'a second service on the same DATA_DIR ends with a sentence that says what to do; the first goes on',
    stack.explained(async () => {
      const dataDir = await stack.folder('shared');
      const first = await stack.prepareService({}, { dataDir });
      const second = await stack.prepareService({}, { dataDir });
      await first.start();
      second.launch();
      expect(await second.ended()).toEqual({ code: 1, signal: null });
      expect(plainLines(second).at(-1)).toBe(
        `The service cannot start: Another telemetry-processor uses DATA_DIR ${dataDir}: ` +
          'stop it, set another DATA_DIR, or share one PostgreSQL through DATABASE_URL',
      );
      expect((await fetch(`${first.url}/health/ready`)).status).toBe(200);
    }),
  );

  it(
    'a taken port ends the start with one line, before there is a database',
    stack.explained(async () => {
      const port = await freePort();
      const holder = createServer();
      await new Promise<void>((done) => holder.listen(port, '127.0.0.1', done));
      const dataDir = await stack.folder('unused');
      const service = await stack.prepareService({}, { port, dataDir });
      service.launch();
      expect(await service.ended()).toEqual({ code: 1, signal: null });
      holder.close();
      expect(plainLines(service)).toEqual([
        `The service cannot start: HOST:PORT 127.0.0.1:${port} is in use; choose another port with PORT or --port.`,
      ]);
      expect(await readdir(dataDir)).toEqual([]);
    }),
  );

  it(
    'a bad configuration ends the start with 2 and lists all problems',
    stack.explained(async () => {
      const service = await stack.prepareService({
        ...{ PORT: '70000', CACHE_REFRESH_INTERVAL: 'soon', STORAGE_REMOTE_WRITE_URL: 'ftp://storage/write' },
        ...{ HOST: '0.0.0.0', LOG_LEVEL: 'loud' },
      });
      service.launch();
      expect(await service.ended()).toEqual({ code: 2, signal: null });
      for (const name of ['PORT', 'CACHE_REFRESH_INTERVAL', 'STORAGE_REMOTE_WRITE_URL', 'LOG_LEVEL']) {
        expect(service.text).toMatch(new RegExp(`^.*${name}.*$`, 'm'));
      }
      expect(service.text).toContain('70000');
      expect(service.text).not.toMatch(/^\s+at /m);
    }),
  );
});

async function podCache(service: Service): Promise<Record<string, unknown>> {
  const reply = await fetch(`${service.url}/v1/pods/cache`);
  return (await reply.json()) as Record<string, unknown>;
}

/** What was written for people, beside the log. */
function plainLines(service: Service): string[] {
  return service.text.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
}
