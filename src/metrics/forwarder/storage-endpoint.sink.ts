import { readFile } from 'node:fs/promises';
import { Pool } from 'undici';
import type { StorageEndpointConfig, StorageTlsConfig } from '../../config/storage-endpoint.js';
import type { PushResult, SeriesSink } from './series-sink.js';

/** Connections kept to one storage. */
const CONNECTIONS = 16;
/** Shorter than common servers' idle timeouts, so that a connection is not used while the server closes it. */
const KEEP_ALIVE_MS = 30_000;
/** How much of an error's text is read. */
const DETAIL_BYTES = 1024;

const HEADERS = {
  'content-type': 'application/x-protobuf',
  'content-encoding': 'snappy',
  'x-prometheus-remote-write-version': '0.1.0',
  'user-agent': 'telemetry-processor',
};

/** Statuses that mean “never as it is”; 413 is among them because a smaller request may pass. */
const REFUSED = new Set([400, 409, 413, 422]);

/** A remote-write storage reached over HTTP. (Remote Write 1.0) */
export class StorageEndpointSink implements SeriesSink {
  readonly name: string;
  private readonly path: string;
  private readonly pool: Pool;

  private constructor(
    private readonly config: StorageEndpointConfig,
    tls: Record<string, unknown>,
  ) {
    const url = new URL(config.url);
    this.name = `${url.origin}${url.pathname}`;
    this.path = `${url.pathname}${url.search}`;
    this.pool = new Pool(url.origin, { connections: CONNECTIONS, keepAliveTimeout: KEEP_ALIVE_MS, connect: tls });
  }

  /** @throws when a TLS file cannot be read */
  static async open(config: StorageEndpointConfig): Promise<StorageEndpointSink> {
    return new StorageEndpointSink(config, await tlsOptions(config.tls));
  }

  async push(compressed: Buffer, signal: AbortSignal): Promise<PushResult> {
    try {
      const headers = { ...this.config.headers, ...HEADERS, ...(await authorization(this.config)) };
      const { statusCode, body } = await this.pool.request({
        method: 'POST',
        path: this.path,
        headers,
        body: compressed,
        signal,
      });
      if (statusCode >= 200 && statusCode < 300) {
        await body.dump();
        return { kind: 'accepted' };
      }
      const detail = `HTTP ${statusCode} ${(await readStart(body)).trim()}`.trim();
      if (REFUSED.has(statusCode)) return { kind: 'refused', detail };
      return { kind: statusCode === 500 ? 'failed' : 'unavailable', detail };
    } catch (error) {
      return { kind: 'unavailable', detail: signal.aborted ? 'no answer in time' : describe(error) };
    }
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }
}

/** Secrets in files are read at each request, so that rotated ones take effect. */
async function authorization(config: StorageEndpointConfig): Promise<Record<string, string>> {
  const { basicAuth, bearerToken, bearerTokenFile } = config;
  if (basicAuth !== undefined) {
    const password = basicAuth.password ?? (await readSecret(basicAuth.passwordFile));
    return { authorization: `Basic ${Buffer.from(`${basicAuth.username}:${password}`).toString('base64')}` };
  }
  if (bearerToken !== undefined) return { authorization: `Bearer ${bearerToken}` };
  return bearerTokenFile === undefined ? {} : { authorization: `Bearer ${await readSecret(bearerTokenFile)}` };
}

async function readSecret(path: string | undefined): Promise<string> {
  return path === undefined ? '' : (await readFile(path, 'utf8')).trim();
}

async function tlsOptions(tls: StorageTlsConfig | undefined): Promise<Record<string, unknown>> {
  if (tls === undefined) return {};
  const [ca, cert, key] = await Promise.all(
    [tls.caFile, tls.certFile, tls.keyFile].map(async (path) => (path === undefined ? undefined : readFile(path))),
  );
  return { ca, cert, key, servername: tls.serverName, rejectUnauthorized: !tls.insecureSkipVerify };
}

async function readStart(body: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  for await (const part of body) {
    text += part.toString('utf8');
    if (text.length >= DETAIL_BYTES) break;
  }
  return text.slice(0, DETAIL_BYTES);
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = (error as NodeJS.ErrnoException).code;
  return code === undefined || error.message.includes(code) ? error.message : `${code}: ${error.message}`;
}
