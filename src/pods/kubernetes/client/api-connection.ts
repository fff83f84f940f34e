import { request, type Dispatcher } from 'undici';
import type { Access, ClusterCredentials } from './cluster-credentials.js';
import { malformed } from './json-lines.js';
import { errorFromStatus, KubernetesError } from './kubernetes-error.js';

/** How much of a refusal is read. */
const MAX_REFUSAL_BYTES = 64 * 1024;

export interface Get {
  readonly accept: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly signal?: AbortSignal | undefined;
  /** Longest silence within the body, ms; as before the first byte when unset. */
  readonly silence?: number;
}

/** Sends GET requests as us. Methods throw KubernetesError, or the signal's reason when it is aborted. */
export class ApiConnection {
  /** @param requestTimeout longest silence of the API server, and longest wait for credentials, ms */
  constructor(
    private readonly credentials: ClusterCredentials,
    private readonly requestTimeout: number,
  ) {}

  /**
   * The body of a 200, read only as fast as it is taken; whoever does not take it to its end has to destroy it. A
   * request is sent a second time with renewed credentials when the first ones were not taken.
   */
  async get(path: string, get: Get): Promise<Dispatcher.ResponseData['body']> {
    const first = await this.send(path, get);
    if (first.statusCode === 200) return first.body;
    const refused = await refusal(first, path, get.signal);
    if (first.statusCode !== 401) throw refused;
    await this.credentials.renew();
    const second = await this.send(path, get);
    if (second.statusCode === 200) return second.body;
    throw await refusal(second, path, get.signal);
  }

  /** The whole body of a 200. */
  async getText(path: string, get: Get, maxBytes: number): Promise<string> {
    return readText(received(await this.get(path, get), get.signal), maxBytes);
  }

  private async send(path: string, { signal, query = {}, accept, silence }: Get): Promise<Dispatcher.ResponseData> {
    try {
      const { headers, dispatcher } = await this.access(signal);
      return await request(`${this.credentials.server}${path}${queryString(query)}`, {
        headers: { ...headers, accept, 'user-agent': 'telemetry-processor' },
        dispatcher,
        signal,
        headersTimeout: this.requestTimeout,
        bodyTimeout: silence ?? this.requestTimeout,
      });
    } catch (error) {
      throw failure(error, signal);
    }
  }

  /** A plugin that never ends must not stop us for good. */
  private async access(signal: AbortSignal | undefined): Promise<Access> {
    const timeout = AbortSignal.timeout(this.requestTimeout);
    return until(this.credentials.access(), signal === undefined ? timeout : AbortSignal.any([signal, timeout]));
  }
}

/** A promise that is given up when the signal is aborted. */
async function until<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => {
    reject(signal.reason as Error);
  };
  signal.addEventListener('abort', abort, { once: true });
  return Promise.race([promise, aborted]).finally(() => {
    signal.removeEventListener('abort', abort);
  });
}

/** A body whose failures are KubernetesErrors. */
export async function* received(
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void> {
  try {
    yield* body;
  } catch (error) {
    throw failure(error, signal);
  }
}

function failure(error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted === true) return signal.reason;
  if (error instanceof KubernetesError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new KubernetesError(message, { status: 0, reason: 'Network', cause: error });
}

async function refusal(
  { statusCode, headers, body }: Dispatcher.ResponseData,
  path: string,
  signal: AbortSignal | undefined,
): Promise<KubernetesError> {
  let text = '';
  try {
    text = await readText(received(body, signal), MAX_REFUSAL_BYTES);
  } catch {
    signal?.throwIfAborted();
  }
  const seconds = Number(headers['retry-after'] ?? Number.NaN);
  return errorFromStatus(statusObject(text), {
    status: statusCode,
    message: `${path} was answered with status ${statusCode}`,
    ...(seconds > 0 ? { retryAfter: seconds * 1_000 } : {}),
  });
}

/** Proxies and overloaded servers answer plain text. */
function statusObject(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return { message: text.trim().slice(0, 200) };
  }
}

async function readText(chunks: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw malformed(`an answer is longer than ${maxBytes} bytes`);
    parts.push(chunk);
  }
  return Buffer.concat(parts).toString('utf8');
}

function queryString(query: Readonly<Record<string, string | number | undefined>>): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) parameters.set(key, String(value));
  return parameters.size === 0 ? '' : `?${parameters.toString()}`;
}
