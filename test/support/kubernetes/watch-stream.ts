import type { BodyWriter } from './body-writer.js';
import type { StoredObject } from './object.js';
import { type ResourceRequest, selectorOf, writtenKind } from './route.js';
import type { Selector } from './selector.js';
import type { ApiFailure } from './status.js';
import type { StoredEvent } from './store.js';

type Line = () => string;

/** One open watch: a queue of lines, written as fast as the client reads. */
export class WatchStream {
  private readonly selects: Selector;
  private readonly queue: Line[] = [];
  private readonly typeFields: string;
  private isWriting = false;
  private isEnding = false;
  private isFrozen = false;
  private timer: NodeJS.Timeout | undefined;

  /**
   * @param after events up to this version are not sent
   * @param queueLimit lines that may wait; a client that is further behind is dropped, as by real servers
   */
  constructor(
    readonly request: ResourceRequest,
    private readonly body: BodyWriter,
    private readonly after: number,
    private readonly queueLimit: number,
  ) {
    this.selects = selectorOf(request);
    this.typeFields = JSON.stringify(writtenKind(request)).slice(0, -1);
  }

  get wantsBookmarks(): boolean {
    return ['1', 'true'].includes(this.request.query.get('allowWatchBookmarks') ?? '');
  }

  /** Ends cleanly after the `timeoutSeconds` of the request, with a last bookmark. */
  endAtTimeout(version: () => number): void {
    const seconds = Number(this.request.query.get('timeoutSeconds') ?? 0);
    if (!(seconds > 0)) return;
    this.timer = setTimeout(() => {
      this.bookmark(version());
      this.end();
    }, seconds * 1_000);
  }

  /** Objects that were there before the watch. */
  initial(objects: readonly StoredObject[]): void {
    for (const object of objects) if (this.selects(object)) this.sendObject('ADDED', object);
  }

  event(event: StoredEvent): void {
    if (event.version <= this.after) return;
    const was = event.previous !== undefined && this.selects(event.previous);
    const is = event.type !== 'DELETED' && this.selects(event.object);
    if (was && is) this.sendObject('MODIFIED', event.object);
    else if (is) this.sendObject('ADDED', event.object);
    else if (was) this.sendObject('DELETED', event.object);
  }

  /** Nothing when the client did not ask for bookmarks. */
  bookmark(version: number, annotations?: Record<string, string>): void {
    if (!this.wantsBookmarks) return;
    const metadata = { resourceVersion: String(version), creationTimestamp: null, ...(annotations && { annotations }) };
    this.send(() => JSON.stringify({ type: 'BOOKMARK', object: { ...writtenKind(this.request), metadata } }));
  }

  /** Sends an `ERROR` event and ends. */
  fail(failure: ApiFailure): void {
    this.send(() => `{"type":"ERROR","object":${failure.body()}}`);
    this.end();
  }

  /** Sends any text as it is, e.g. a broken line. */
  raw(text: string): void {
    this.send(() => text);
  }

  /** Ends cleanly when everything that waits is written. */
  end(): void {
    this.isEnding = true;
    this.pump();
  }

  /** Tears the connection after so many further bytes. */
  cutAfter(bytes: number): void {
    this.body.cutAfter(bytes);
  }

  /** The connection stays open, but nothing comes; thawed, everything that was held back comes. */
  freeze(isFrozen: boolean): void {
    this.isFrozen = isFrozen;
    this.pump();
  }

  /** To be called when the connection is closed. */
  closed(): void {
    clearTimeout(this.timer);
    this.queue.length = 0;
  }

  private sendObject(type: string, object: StoredObject): void {
    this.send(() => {
      const rest = this.request.partial ? `"metadata":${object.metadata()}}` : object.body().slice(1);
      return `{"type":"${type}","object":${this.typeFields},${rest}}`;
    });
  }

  private send(line: Line): void {
    if (this.isEnding || this.body.isClosed) return;
    if (this.queue.length >= this.queueLimit) {
      this.queue.length = 0;
      this.end();
      return;
    }
    this.queue.push(line);
    this.pump();
  }

  private pump(): void {
    if (this.isWriting) return;
    this.isWriting = true;
    void this.writeAll();
  }

  private async writeAll(): Promise<void> {
    while (!this.isFrozen && !this.body.isClosed) {
      const lines = this.queue.splice(0, 100);
      if (lines.length === 0) break;
      for (const line of lines) await this.body.write(`${line()}\n`);
    }
    this.isWriting = false;
    if (this.isEnding && !this.isFrozen) this.body.end();
  }
}
