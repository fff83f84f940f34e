import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { stringify } from 'yaml';
import { answer, type Served } from './answers.js';
import { testCertificate } from './certificate.js';
import {
  type EndFault,
  type FailedAnswer,
  type FaultTarget,
  Faults,
  type Prohibition,
  Prohibitions,
} from './faults.js';
import { type Kind, KindRegistry } from './kinds.js';
import type { KubernetesObject, ObjectName } from './object.js';
import type { Verb } from './route.js';
import { ApiFailure } from './status.js';
import { ObjectStore } from './store.js';
import { Traffic } from './traffic.js';
import { Watches, type WatchSettings } from './watches.js';

export interface StandInOptions {
  /** Any free port when missing. */
  readonly port?: number;
  /** HTTPS with a certificate of its own. */
  readonly tls?: boolean;
  /** Bearer token that requests need. */
  readonly token?: string;
  /** Kinds besides the built-in ones. */
  readonly kinds?: readonly Kind[];
  /** Events kept of a kind; 100,000 when missing. */
  readonly historyLimit?: number;
  /** ms between bookmarks; 0 (none) when missing. */
  readonly bookmarkInterval?: number;
  readonly watches?: Partial<WatchSettings>;
}

/**
 * A Kubernetes API server that knows objects, lists and watches, over real HTTP: what clients of the API have to bear is
 * played by command. It does nothing by itself: no controllers, no garbage collection.
 */
export class KubernetesStandIn {
  readonly traffic = new Traffic();
  readonly store: ObjectStore;
  private readonly served: Served;
  private readonly watchSettings: WatchSettings;
  private server: Server | undefined;
  private portTaken: number;

  private constructor(private readonly options: StandInOptions) {
    this.store = new ObjectStore(options.historyLimit ?? 100_000);
    this.watchSettings = { gone: 'event', watchList: true, queueLimit: 100_000, ...options.watches };
    this.served = {
      kinds: new KindRegistry(),
      store: this.store,
      watches: new Watches(this.store, this.traffic, this.watchSettings),
      faults: new Faults(),
      prohibitions: new Prohibitions(),
      traffic: this.traffic,
      token: options.token,
      pieceSize: Infinity,
    };
    this.portTaken = options.port ?? 0;
    for (const kind of options.kinds ?? []) this.defineKind(kind);
    this.served.watches.bookmarkEvery(options.bookmarkInterval ?? 0);
  }

  static async start(options: StandInOptions = {}): Promise<KubernetesStandIn> {
    const standIn = new KubernetesStandIn(options);
    await standIn.start();
    return standIn;
  }

  get port(): number {
    return this.portTaken;
  }

  get url(): string {
    return `${this.options.tls === true ? 'https' : 'http'}://127.0.0.1:${this.portTaken}`;
  }

  /** PEM of the authority that clients have to trust; undefined without TLS. */
  get certificateAuthority(): string | undefined {
    return this.options.tls === true ? testCertificate().certificate : undefined;
  }

  /** Text of a kubeconfig that reaches it; `namespace` is the one of its context. */
  kubeconfig(namespace = 'default'): string {
    const authority = this.certificateAuthority;
    // The official client refuses plain HTTP without it.
    const data =
      authority === undefined
        ? { 'insecure-skip-tls-verify': true }
        : { 'certificate-authority-data': Buffer.from(authority).toString('base64') };
    return stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'stand-in',
      clusters: [{ name: 'stand-in', cluster: { server: this.url, ...data } }],
      users: [{ name: 'client', user: this.served.token === undefined ? {} : { token: this.served.token } }],
      contexts: [{ name: 'stand-in', context: { cluster: 'stand-in', user: 'client', namespace } }],
    });
  }

  /** Listens again on the same port; with `loseHistory` watches from versions before the stop are too old. */
  async start(how: { readonly loseHistory?: boolean } = {}): Promise<void> {
    if (this.server !== undefined) throw new Error('The stand-in runs already');
    if (how.loseHistory === true) this.store.compact();
    const listener: RequestListener = (request, response) => void answer(this.served, request, response);
    const { key, certificate } = this.options.tls === true ? testCertificate() : {};
    const server =
      key === undefined ? createServer(listener) : createSecureServer({ key, cert: certificate }, listener);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.portTaken, '127.0.0.1', resolve);
    });
    this.server = server;
    this.portTaken = (server.address() as AddressInfo).port;
  }

  /** Tears all connections; clients are refused until the next start. Nothing stored is lost. */
  async stop(): Promise<void> {
    const { server } = this;
    if (server === undefined) return;
    this.server = undefined;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  /** Serves a further kind; another version of a known kind takes its place. */
  defineKind(kind: Kind): void {
    this.served.kinds.define(kind);
  }

  undefineKind(kind: Kind): void {
    this.served.kinds.undefine(kind);
  }

  /** Creates or replaces objects, in this order. What they do not say (UID, creation) is filled in. */
  apply(...objects: readonly KubernetesObject[]): void {
    for (const object of objects) this.store.apply(this.served.kinds.ofObject(object), object);
  }

  /** The object as clients get it. */
  get(name: ObjectName): KubernetesObject | undefined {
    const kind = this.served.kinds.ofObject(name);
    const stored = this.store.get(kind, this.namespaceOf(kind, name), name.metadata.name);
    const { apiVersion, kind: kindName } = name;
    return stored && ({ apiVersion, kind: kindName, ...JSON.parse(stored.body()) } as KubernetesObject);
  }

  /** Applies the object as `change` leaves it. Throws when there is none. */
  modify(name: ObjectName, change: (object: KubernetesObject) => void): void {
    const object = this.get(name);
    if (object === undefined) throw new Error(`${name.kind} ${name.metadata.name} is not stored`);
    change(object);
    this.apply(object);
  }

  /** Deletes objects at once, without grace. Throws when one is not there. */
  delete(...names: readonly ObjectName[]): void {
    for (const name of names) {
      const kind = this.served.kinds.ofObject(name);
      if (!this.store.delete(kind, this.namespaceOf(kind, name), name.metadata.name)) {
        throw new Error(`${name.kind} ${name.metadata.name} is not stored`);
      }
    }
  }

  /** Versions before now become too old to watch or list from; open watches go on. */
  compact(how: { readonly gone?: WatchSettings['gone'] } = {}): void {
    if (how.gone !== undefined) this.watchSettings.gone = how.gone;
    this.store.compact();
  }

  /** Tears open watches, at once or after so many further bytes. Resources are named as in {@link Traffic}. */
  cutWatches({ resource, afterBytes = 0 }: { readonly resource?: string; readonly afterBytes?: number } = {}): void {
    for (const stream of this.served.watches.of(resource)) stream.cutAfter(afterBytes);
  }

  /** Ends open watches cleanly, as at their timeout. */
  endWatches(resource?: string): void {
    for (const stream of this.served.watches.of(resource)) stream.end();
  }

  /** Sends an `ERROR` event on open watches and ends them; without a failure that of a version too old. */
  failWatches(
    resource?: string,
    failure = new ApiFailure(410, 'The resourceVersion for the provided watch is too old.'),
  ) {
    for (const stream of this.served.watches.of(resource)) stream.fail(failure);
  }

  /** Nothing comes on open watches any more, though they stay open, until `thawWatches`. */
  freezeWatches(resource?: string): void {
    for (const stream of this.served.watches.of(resource)) stream.freeze(true);
  }

  thawWatches(resource?: string): void {
    for (const stream of this.served.watches.of(resource)) stream.freeze(false);
  }

  /** Writes a line of any text on open watches. */
  sendRaw(text: string, resource?: string): void {
    for (const stream of this.served.watches.of(resource)) stream.raw(text);
  }

  /** A bookmark on open watches that asked for bookmarks. */
  bookmark(resource?: string): void {
    this.served.watches.bookmark(resource);
  }

  bookmarkEvery(interval: number): void {
    this.served.watches.bookmarkEvery(interval);
  }

  /** Bodies are written so many bytes at a time from now on; `Infinity` for whole. */
  setChunking(bytes: number): void {
    this.served.pieceSize = bytes;
  }

  /** Requests need this bearer token from now on. */
  setToken(token: string | undefined): void {
    this.served.token = token;
  }

  fail(answer: FailedAnswer): EndFault {
    return this.served.faults.add(answer, { type: 'fail', answer });
  }

  delay({ ms, ...target }: FaultTarget & { readonly ms: number }): EndFault {
    return this.served.faults.add(target, { type: 'delay', ms });
  }

  /** Requests are taken and never answered. */
  hang(target: FaultTarget = {}): EndFault {
    return this.served.faults.add(target, { type: 'hang' });
  }

  /** The body of answers breaks off after so many bytes. */
  cutAnswers({ afterBytes, ...target }: FaultTarget & { readonly afterBytes: number }): EndFault {
    return this.served.faults.add(target, { type: 'cut', afterBytes });
  }

  clearFaults(): void {
    this.served.faults.clear();
  }

  /** Requests are answered 403; watches that are open go on. */
  forbid(prohibition: Prohibition): void {
    this.served.prohibitions.forbid(prohibition);
  }

  allow(prohibition: Prohibition): void {
    this.served.prohibitions.allow(prohibition);
  }

  /** Requests so far, whatever they were answered. */
  requests(verb: Verb, resource: string): number {
    return this.traffic.requests(verb, resource);
  }

  /** Watches open now. */
  watches(resource: string): number {
    return this.traffic.watches(resource);
  }

  untilWatched(resource: string, count = 1): Promise<void> {
    return this.traffic.untilWatched(resource, count);
  }

  untilRequested(verb: Verb, resource: string, count = 1): Promise<void> {
    return this.traffic.untilRequested(verb, resource, count);
  }

  private namespaceOf(kind: Kind, { metadata }: ObjectName): string | undefined {
    return kind.namespaced ? (metadata.namespace ?? 'default') : undefined;
  }
}
