import { createHash } from 'node:crypto';
import type { AgentOptions, RequestOptions } from 'node:https';
import { serialize } from 'node:v8';
import type { KubeConfig } from '@kubernetes/client-node';
import { Agent, ProxyAgent, type Dispatcher } from 'undici';
import { KubernetesError } from './kubernetes-error.js';

/** Shorter than load balancers' idle timeouts, so that a connection is not used while it is being closed. */
const KEEP_ALIVE_MS = 30_000;
/** HTTP/1.1: each watch has a connection, and thereby back-pressure, of its own. */
const AGENT_OPTIONS = { allowH2: false, keepAliveTimeout: KEEP_ALIVE_MS } as const;

/** What a request is sent with. */
export interface Access {
  readonly headers: Readonly<Record<string, string>>;
  readonly dispatcher: Dispatcher;
}

/**
 * Who we are to the API server. The library reads certificates, token files and plugins anew for each request;
 * connections are kept here, because it would make new ones for each request too.
 */
export class ClusterCredentials {
  /** URL of the API server, without a slash at its end. */
  readonly server: string;
  private current: { readonly fingerprint: string; readonly dispatcher: Dispatcher } | undefined;
  private readonly dispatchers = new Set<Dispatcher>();
  private asking: Promise<Access> | undefined;

  /** @throws when the configuration names no cluster */
  constructor(private config: KubeConfig) {
    const server = config.getCurrentCluster()?.server;
    if (server === undefined) throw new Error('the kubeconfig names no cluster');
    this.server = server.replace(/\/+$/, '');
  }

  /**
   * Headers and connections for a request now. Requests that come together share one asking. Throws KubernetesError.
   */
  async access(): Promise<Access> {
    this.asking ??= this.ask().finally(() => (this.asking = undefined));
    return this.asking;
  }

  /** Forgets tokens that the library holds in memory: the API server did not take them. */
  async renew(): Promise<void> {
    const { KubeConfig } = await import('@kubernetes/client-node');
    const fresh = new KubeConfig();
    const { clusters, users, contexts, currentContext } = this.config;
    fresh.loadFromOptions({ clusters, users, contexts, currentContext });
    this.config = fresh;
  }

  /** Breaks off whatever is under way. */
  async close(): Promise<void> {
    await Promise.all([...this.dispatchers].map(async (dispatcher) => dispatcher.destroy()));
  }

  private async ask(): Promise<Access> {
    try {
      const options: RequestOptions = {};
      await this.config.applyToHTTPSOptions(options);
      return { headers: headersOf(options), dispatcher: await this.connections(options) };
    } catch (cause) {
      const detail = cause instanceof Error ? cause.message.trim() : String(cause);
      throw new KubernetesError(`no credentials: ${detail}`, { status: 0, reason: 'Credentials', cause });
    }
  }

  /** The connections made with the same certificates and proxy; new ones when these changed. */
  private async connections(options: RequestOptions): Promise<Dispatcher> {
    const tls = this.config.createDispatcherOptions(this.config.getCurrentCluster(), options as AgentOptions);
    const fingerprint = createHash('sha256').update(serialize(tls)).digest('base64');
    if (this.current?.fingerprint === fingerprint) return this.current.dispatcher;
    const old = this.current?.dispatcher;
    const dispatcher = await this.connect(tls);
    this.dispatchers.add(dispatcher);
    this.current = { fingerprint, dispatcher };
    if (old !== undefined) void this.retire(old);
    return dispatcher;
  }

  private async connect(tls: ReturnType<KubeConfig['createDispatcherOptions']>): Promise<Dispatcher> {
    switch (tls.type) {
      case 'none':
        return new Agent(AGENT_OPTIONS);
      case 'agent':
        return new Agent({ ...AGENT_OPTIONS, connect: { ...tls.connect, allowH2: false } });
      case 'proxy':
        return new ProxyAgent({ ...AGENT_OPTIONS, uri: tls.uri, requestTls: { ...tls.requestTls, allowH2: false } });
      case 'socks':
        return this.librarysDispatcher();
    }
  }

  /** SOCKS proxies are reached by a connector that only the library has. */
  private async librarysDispatcher(): Promise<Dispatcher> {
    const { HttpMethod, RequestContext } = await import('@kubernetes/client-node');
    const context = new RequestContext(this.server, HttpMethod.GET);
    await this.config.applySecurityAuthentication(context);
    const dispatcher = context.getDispatcher();
    if (dispatcher === undefined) throw new Error('the proxy of the kubeconfig is not supported');
    return dispatcher;
  }

  /** Closes connections once what runs over them has ended. */
  private async retire(dispatcher: Dispatcher): Promise<void> {
    await dispatcher.close().catch(() => undefined);
    this.dispatchers.delete(dispatcher);
  }
}

/** Token files often end in a newline, which no header may hold. */
function headersOf(options: RequestOptions): Record<string, string> {
  const given = Object.entries((options.headers ?? {}) as Record<string, unknown>);
  const headers = Object.fromEntries(given.map(([name, value]) => [name.toLowerCase(), String(value).trim()]));
  if (typeof options.auth !== 'string') return headers;
  return { authorization: `Basic ${Buffer.from(options.auth).toString('base64')}`, ...headers };
}
