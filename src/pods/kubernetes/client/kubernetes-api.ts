import type { KubeConfig } from '@kubernetes/client-node';
import { ApiConnection, received, type Get } from './api-connection.js';
import { ClusterCredentials } from './cluster-credentials.js';
import { jsonLines, malformed, parseJson } from './json-lines.js';
import { errorFromStatus } from './kubernetes-error.js';
import { groupPath, resourcePath, type ResourcePath } from './resource-path.js';

/** Objects are at most 3 MiB as the API server takes them; nothing near this is an event. */
const MAX_EVENT_BYTES = 16 * 1024 * 1024;
/** Of one page of a list. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

const PLAIN = 'application/json';
const META = `${PLAIN};as=PartialObjectMetadata;g=meta.k8s.io;v=v1`;
const META_LIST = `${PLAIN};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1`;

export interface KubernetesApiOptions {
  /** Longest silence of the API server while it answers, ms. */
  readonly requestTimeout: number;
}

export interface ListRequest {
  readonly namespace?: string | undefined;
  /** Objects asked for at a time. */
  readonly limit: number;
  /** From the page before; undefined for the first one. */
  readonly continue?: string | undefined;
  /** Unset means the newest, read with a quorum. */
  readonly resourceVersion?: string | undefined;
  /** Only the metadata of the objects is sent (PartialObjectMetadata). */
  readonly metadataOnly?: boolean | undefined;
  readonly signal?: AbortSignal;
}

export interface ListPage {
  /** Objects as the API server wrote them. */
  readonly items: readonly unknown[];
  readonly resourceVersion: string;
  /** What the next page is asked with; undefined when there is none. */
  readonly continue: string | undefined;
}

export interface WatchRequest {
  readonly namespace?: string | undefined;
  /** Changes after this version are told. */
  readonly resourceVersion: string;
  /** When the API server ends the watch, seconds. */
  readonly timeoutSeconds: number;
  readonly metadataOnly?: boolean | undefined;
  readonly signal?: AbortSignal;
  /** Called when the API server has begun to answer. */
  readonly opened?: () => Promise<void>;
}

export interface WatchEvent {
  /** `ADDED`, `MODIFIED`, `DELETED` or `BOOKMARK`; others may come one day. */
  readonly type: string;
  readonly object: unknown;
  /** Of the object; undefined when it has none. */
  readonly resourceVersion: string | undefined;
}

/** A kind that a version of a group has. */
export interface DiscoveredResource {
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

/**
 * The few requests that the inventory makes of an API server. Credentials, TLS and proxies are
 * @kubernetes/client-node's; its Watch and informers are not used, for they have no pages, partial metadata,
 * back-pressure, `Status` of failures or say in resuming. All methods throw KubernetesError, or the signal's reason
 * when it is aborted.
 */
export class KubernetesApi {
  private readonly credentials: ClusterCredentials;
  private readonly connection: ApiConnection;

  constructor(
    config: KubeConfig,
    private readonly options: KubernetesApiOptions,
  ) {
    this.credentials = new ClusterCredentials(config);
    this.connection = new ApiConnection(this.credentials, options.requestTimeout);
  }

  /** URL of the API server. */
  get server(): string {
    return this.credentials.server;
  }

  /** One page of a list. */
  async list(resource: ResourcePath, wanted: ListRequest): Promise<ListPage> {
    const { limit, resourceVersion } = wanted;
    const body = await this.getJson(resourcePath(resource, wanted.namespace), {
      accept: wanted.metadataOnly === true ? `${META_LIST},${PLAIN};q=0.5` : PLAIN,
      query: { limit, continue: wanted.continue, resourceVersion },
      signal: wanted.signal,
    });
    return readPage(body, resource.plural);
  }

  /**
   * The changes after a version, until the API server ends the watch. Bytes are read only as fast as events are taken;
   * leaving the loop closes the connection. An ERROR event is thrown, and so is an end in the middle of an event.
   */
  async *watch(resource: ResourcePath, wanted: WatchRequest): AsyncGenerator<WatchEvent, void> {
    const { resourceVersion, timeoutSeconds } = wanted;
    const body = await this.connection.get(resourcePath(resource, wanted.namespace), {
      accept: wanted.metadataOnly === true ? `${META},${PLAIN};q=0.5` : PLAIN,
      query: { watch: 'true', resourceVersion, timeoutSeconds, allowWatchBookmarks: 'true' },
      signal: wanted.signal,
      silence: timeoutSeconds * 1_000 + this.options.requestTimeout,
    });
    try {
      await wanted.opened?.();
      for await (const line of jsonLines(received(body, wanted.signal), MAX_EVENT_BYTES)) yield readEvent(line);
    } finally {
      body.on('error', () => undefined).destroy();
    }
  }

  /** The metadata of one object, in a PartialObjectMetadata (or the whole object where the server knows no such). */
  async getMetadata(resource: ResourcePath, namespace: string, name: string, signal?: AbortSignal): Promise<unknown> {
    return this.getJson(resourcePath(resource, namespace, name), { accept: `${META},${PLAIN};q=0.5`, signal });
  }

  /**
   * The kinds that a version of a group has. Throws a KubernetesError of status 404 when the API server does not know
   * the version.
   */
  async discover(group: string, version: string, signal?: AbortSignal): Promise<readonly DiscoveredResource[]> {
    const { resources } = fieldsOf(await this.getJson(groupPath(group, version), { accept: PLAIN, signal }));
    if (!Array.isArray(resources)) throw malformed(`${groupPath(group, version)} is no list of resources`);
    return resources.flatMap(readResource);
  }

  /** Closes all connections; requests under way fail. */
  async close(): Promise<void> {
    await this.credentials.close();
  }

  private async getJson(path: string, get: Get): Promise<unknown> {
    return parseJson(await this.connection.getText(path, get, MAX_ANSWER_BYTES), `the answer to ${path}`);
  }
}

/** @throws KubernetesError when it is no list */
function readPage(body: unknown, plural: string): ListPage {
  const { items, metadata } = fieldsOf(body);
  const { resourceVersion, continue: next } = fieldsOf(metadata);
  if (typeof resourceVersion !== 'string' || resourceVersion === '')
    throw malformed(`a list of ${plural} has no version`);
  if (!Array.isArray(items) && items !== null && items !== undefined)
    throw malformed(`a list of ${plural} has no items`);
  return { items: items ?? [], resourceVersion, continue: typeof next === 'string' && next !== '' ? next : undefined };
}

/** @throws KubernetesError for an ERROR event, and for a line that is no event */
function readEvent(line: string): WatchEvent {
  const { type, object } = fieldsOf(parseJson(line, 'an event of the watch'));
  if (typeof type !== 'string') throw malformed('an event of the watch has no type');
  if (type === 'ERROR') throw errorFromStatus(object, { status: 500, message: 'the watch failed' });
  const version = fieldsOf(fieldsOf(object)['metadata'])['resourceVersion'];
  return { type, object, resourceVersion: typeof version === 'string' && version !== '' ? version : undefined };
}

function readResource(raw: unknown): DiscoveredResource[] {
  const { kind, name, namespaced } = fieldsOf(raw);
  if (typeof kind !== 'string' || typeof name !== 'string' || name.includes('/')) return [];
  return [{ kind, plural: name, namespaced: namespaced === true }];
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
