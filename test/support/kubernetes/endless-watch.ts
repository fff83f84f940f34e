import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An API server with one pod that changes as fast as the client reads. */
export interface EndlessWatch {
  readonly kubeconfig: string;
  /** When the first watch is opened. */
  readonly watched: Promise<void>;
  /** Events that the connection has taken. */
  written(): number;
  stop(): Promise<void>;
}

/** Serves a watch of so many events of so many bytes; it counts what the client's connection takes. */
export async function endlessWatch(events: number, bytes: number): Promise<EndlessWatch> {
  const watched = Promise.withResolvers<undefined>();
  let written = 0;
  const send = async (response: ServerResponse) => {
    response.flushHeaders();
    watched.resolve(undefined);
    while (written < events) {
      const line = eventLine(1_001 + written++, bytes);
      if (!response.write(line)) await once(response, 'drain');
    }
  };
  const server = createServer((request, response) => {
    if (request.url?.includes('watch=true') === true) void send(response).catch(() => undefined);
    else response.end(JSON.stringify({ metadata: { resourceVersion: '1000' }, items: [] }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    kubeconfig: kubeconfigOf(`http://127.0.0.1:${port}`),
    watched: watched.promise,
    written: () => written,
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function eventLine(version: number, bytes: number): string {
  const metadata = {
    uid: 'a',
    name: 'a',
    resourceVersion: String(version),
    annotations: { filler: 'x'.repeat(bytes) },
  };
  return `${JSON.stringify({ type: 'MODIFIED', object: { metadata } })}\n`;
}

function kubeconfigOf(server: string): string {
  return JSON.stringify({
    'current-context': 'here',
    clusters: [{ name: 'here', cluster: { server } }],
    contexts: [{ name: 'here', context: { cluster: 'here' } }],
  });
}
