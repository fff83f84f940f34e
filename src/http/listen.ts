import { once } from 'node:events';
import type { Server } from 'node:http';
import { isIPv6, type AddressInfo } from 'node:net';

/** Opens the port and returns the URL that is served; rejects with Node's error, such as EADDRINUSE. */
export async function listen(server: Server, { host, port }: { host: string; port: number }): Promise<string> {
  const listening = once(server, 'listening');
  server.listen({ host, port });
  await listening;
  const { port: taken } = server.address() as AddressInfo;
  return `http://${isIPv6(host) ? `[${host}]` : host}:${taken}`;
}
