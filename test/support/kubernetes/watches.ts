import type { BodyWriter } from './body-writer.js';
import { isNamed, isSame } from './kinds.js';
import { readVersion } from './listing.js';
import type { ResourceRequest } from './route.js';
import { ApiFailure, watchTooOld } from './status.js';
import type { ObjectStore } from './store.js';
import type { Traffic } from './traffic.js';
import { WatchStream } from './watch-stream.js';

export interface WatchSettings {
  /** How a watch from a forgotten version is refused: as an answer 410, or as 200 with an `ERROR` event. */
  gone: 'answer' | 'event';
  /** Whether `sendInitialEvents` is known; older servers refuse it. */
  watchList: boolean;
  /** Lines that may wait for a slow client. */
  queueLimit: number;
}

const INITIAL_EVENTS_END = { 'k8s.io/initial-events-end': 'true' };

/** All open watches. */
export class Watches {
  private readonly streams = new Set<WatchStream>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly store: ObjectStore,
    private readonly traffic: Traffic,
    readonly settings: WatchSettings,
  ) {
    store.subscribe((kind, event) => {
      for (const stream of this.streams) if (isSame(stream.request.kind, kind)) stream.event(event);
    });
  }

  /** Throws the failure of a watch that cannot be; `start` writes the head of the answer. */
  open(request: ResourceRequest, start: () => BodyWriter): void {
    const version = readVersion(request.query);
    const wantsInitial = this.wantsInitialEvents(request);
    const fromNow = version === undefined || version === 0 || wantsInitial;
    const oldest = this.store.oldestVersion(request.kind);
    const failure = !fromNow && version < oldest ? watchTooOld(version, oldest) : undefined;
    if (failure !== undefined && this.settings.gone === 'answer') throw failure;
    const after = fromNow ? this.store.version : version;
    const body = start();
    const stream = new WatchStream(request, body, after, this.settings.queueLimit);
    this.keep(stream, body);
    if (failure !== undefined) stream.fail(failure);
    else if (fromNow) this.sendInitial(stream, wantsInitial);
    else for (const event of this.store.changesAfter(request.kind, version)) stream.event(event);
    stream.endAtTimeout(() => this.store.version);
  }

  /** Of a resource as {@link Traffic} names it; of all without. */
  of(resource?: string): readonly WatchStream[] {
    const [name, namespace] = (resource ?? '').split('/');
    return [...this.streams].filter(
      ({ request }) =>
        resource === undefined ||
        (isNamed(request.kind, name!) && (namespace === undefined || namespace === request.namespace)),
    );
  }

  bookmark(resource?: string): void {
    for (const stream of this.of(resource)) stream.bookmark(this.store.version);
  }

  /** Bookmarks to all watches every so many ms; never with 0. */
  bookmarkEvery(interval: number): void {
    clearInterval(this.timer);
    if (interval > 0)
      this.timer = setInterval(() => {
        this.bookmark();
      }, interval).unref();
  }

  private keep(stream: WatchStream, body: BodyWriter): void {
    this.streams.add(stream);
    this.traffic.opened(stream.request);
    body.onClosed(() => {
      stream.closed();
      this.streams.delete(stream);
      this.traffic.closed(stream.request);
    });
  }

  private sendInitial(stream: WatchStream, withBookmark: boolean): void {
    stream.initial(this.store.snapshot(stream.request.kind, this.store.version) ?? []);
    if (withBookmark) stream.bookmark(this.store.version, INITIAL_EVENTS_END);
  }

  private wantsInitialEvents({ query }: ResourceRequest): boolean {
    if (query.get('sendInitialEvents') !== 'true') return false;
    const refuse = (why: string) =>
      new ApiFailure(422, `ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: ${why}`);
    if (!this.settings.watchList) {
      throw refuse('sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled');
    }
    if (query.get('resourceVersionMatch') !== 'NotOlderThan') {
      throw refuse('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
    }
    return true;
  }
}
