import { createServer } from 'node:net';

/** Below the range from which systems take the ports of outgoing connections, so a port stays free until it is used. */
const FIRST = 20_001;
const LAST = 32_000;

const given = new Set<number>();

/** A free port of 127.0.0.1, another one at each call; a program may give it up and take it again. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => {
      resolve(false);
    });
    server.listen(port, '127.0.0.1', () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
