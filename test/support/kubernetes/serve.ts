/**
 * Serves a stand-in as a process of its own, for end-to-end tests and benches:
 * `node --import ./test/support/typescript-hooks.mjs test/support/kubernetes/serve.ts [--port n] [--tls] [--token t]
 * [--nodes n --pods n [--gpus n]]`. It says one line of JSON when it is ready; commands go to the control's own port,
 * which also answers while the stand-in is stopped.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { Commanded, COMMANDS } from './commands.js';
import { seedCluster } from './seed.js';
import { KubernetesStandIn } from './stand-in.js';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    tls: { type: 'boolean', default: false },
    token: { type: 'string' },
    nodes: { type: 'string', default: '0' },
    pods: { type: 'string', default: '0' },
    gpus: { type: 'string', default: '8' },
    'bookmark-interval': { type: 'string', default: '60000' },
  },
});

const standIn = await KubernetesStandIn.start({
  port: Number(values.port),
  tls: values.tls,
  ...(values.token !== undefined && { token: values.token }),
  bookmarkInterval: Number(values['bookmark-interval']),
});
const commanded = new Commanded(standIn);
const [nodes, pods] = [Number(values.nodes), Number(values.pods)];
if (nodes > 0 || pods > 0) commanded.cluster = seedCluster(standIn, { nodes, pods, gpusPerNode: Number(values.gpus) });

const control = createServer((request, response) => void obey(request, response));
await new Promise<void>((resolve) => control.listen(0, '127.0.0.1', resolve));
const controlUrl = `http://127.0.0.1:${(control.address() as AddressInfo).port}/stand-in`;
process.stdout.write(
  `${JSON.stringify({ url: standIn.url, control: controlUrl, kubeconfig: standIn.kubeconfig() })}\n`,
);

async function obey(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const command = COMMANDS[(request.url ?? '').replace('/stand-in/', '')];
  if (command === undefined) {
    response.writeHead(404).end();
    return;
  }
  try {
    const body = request.headers['content-length'] === '0' ? {} : await json(request);
    const result = await command(commanded, (body ?? {}) as never);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(result ?? {}));
  } catch (error) {
    response.writeHead(400).end(String(error));
  }
}
