import { once } from 'node:events';
import { createServer, isIPv6, type AddressInfo, type Server } from 'node:net';

/** Where the service listens. */
interface Address {
  readonly host: string;
  readonly port: number;
}

/** HOST:PORT cannot be served; the message is one line for the person who started the service. */
export class AddressUnavailable extends Error {
  constructor(address: Address, cause: unknown) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason =
      code === 'EADDRINUSE' ? 'is in use; choose another port with PORT or --port.' : `cannot be opened: ${message}`;
    super(`HOST:PORT ${describe(address)} ${reason}`, { cause });
    this.name = 'AddressUnavailable';
  }
}

/** Opens the port and returns the URL that is served; throws {@link AddressUnavailable}. */
export async function listen(server: Server, { host, port }: Address): Promise<string> {
  try {
    const listening = once(server, 'listening');
    server.listen({ host, port });
    await listening;
  } catch (error) {
    throw new AddressUnavailable({ host, port }, error);
  }
  const { port: taken } = server.address() as AddressInfo;
  return `http://${describe({ host, port: taken })}`;
}

/**
 * Opens the port and closes it again, so that a start that is bound to fail at its end fails at its beginning, before there is a
 * database. Throws {@link AddressUnavailable}.
 */
export async function assertAvailable(address: Address): Promise<void> {
  const server = createServer();
  await listen(server, address);
  server.close();
  await once(server, 'close');
}

function describe({ host, port }: Address): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
