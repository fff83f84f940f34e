import type { Clock } from '../../../common/clock.js';
import { backoffDelay, pause, type Backoff } from '../../../database/backoff.js';
import type { KubernetesApi, WatchEvent } from './kubernetes-api.js';
import { isGone, KubernetesError } from './kubernetes-error.js';
import { recoveryFrom } from './recovery.js';
import { NEW_STATUS, type ReflectorState, type ReflectorStatus } from './reflector-status.js';
import type { ResourcePath } from './resource-path.js';

/** client-go's lower bound; its upper one, 30 s, is long for the one client that this is in a cluster. */
const BACKOFF: Backoff = { base: 800, max: 10_000 };
/**
 * A watch that ends sooner and brought nothing counts as failed, else a broken proxy would have us ask without pause.
 * (client-go)
 */
const SHORT_WATCH_MS = 1_000;
/** A watch that lasted so long was sound even if nothing happened in it and it was cut. */
const SOUND_WATCH_MS = 30_000;

/**
 * What is done with what a reflector brings. One call at a time: the next waits for the promise, and so does the API
 * server.
 */
export interface ReflectorHandler<T> {
  /** Objects of one page of a list. After a list that broke off the next one begins with its first page again. */
  listed(objects: readonly T[]): Promise<void>;
  /** A list is complete: objects with other keys are gone. `keys` is the handler's from then on. */
  listEnd(resourceVersion: string, keys: ReadonlySet<string>): Promise<void>;
  /** A change that was told at `at` (ms since the epoch). A deleted object is as it was last. */
  changed(event: 'upsert' | 'delete', object: T, at: number): Promise<void>;
  /** The state changed, or an attempt failed again. */
  state(status: ReflectorStatus): Promise<void>;
}

export interface ReflectorOptions<T extends { readonly key: string }> {
  readonly api: Pick<KubernetesApi, 'list' | 'watch'>;
  readonly resource: ResourcePath;
  /** Only objects of this namespace; all when unset. */
  readonly namespace?: string;
  readonly metadataOnly?: boolean;
  /** What is kept of an object; undefined when it is none. */
  readonly project: (raw: unknown) => T | undefined;
  readonly handler: ReflectorHandler<T>;
  readonly pageSize: number;
  /** How long one watch lasts, ms. */
  readonly watchTimeout: number;
  /** When everything is listed anew, ms. */
  readonly relistInterval: number;
  /** When it is asked again what was forbidden, ms. */
  readonly forbiddenInterval: number;
  readonly clock: Clock;
  readonly random?: () => number;
  readonly backoff?: Backoff;
  /** Waits ms, or until the signal is aborted. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/**
 * Tells a handler everything that happens to the objects of one kind: all of them page by page, then each change, and
 * all of them again when changes were missed. After client-go's Reflector, but what it keeps is the keys of a running
 * list and nothing else.
 */
export class Reflector<T extends { readonly key: string }> {
  private told: ReflectorStatus = NEW_STATUS;
  /** Failures in a row; a change or bookmark, or a watch that lasted, ends the row. */
  private failures = 0;

  constructor(private readonly options: ReflectorOptions<T>) {}

  /** How it is doing now. */
  get status(): ReflectorStatus {
    return this.told;
  }

  /**
   * Runs until the signal is aborted. Rejects only with what the handler throws; it may be run again then, and lists
   * first.
   */
  async run(signal: AbortSignal): Promise<void> {
    this.update({ resourceVersion: undefined });
    this.failures = 0;
    try {
      while (!signal.aborted) await this.turn(signal);
    } finally {
      this.update({ state: 'stopped', retryAt: null });
    }
    await this.options.handler.state(this.told);
  }

  /** One list or one watch. */
  private async turn(signal: AbortSignal): Promise<void> {
    try {
      const { resourceVersion } = this.told;
      if (resourceVersion === undefined || this.untilRelist() <= 0) await this.list(signal);
      else await this.watch(resourceVersion, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof KubernetesError)) throw error;
      await this.recover(error, signal);
    }
  }

  private async list(signal: AbortSignal): Promise<void> {
    const { api, resource, namespace, metadataOnly, pageSize, handler, clock } = this.options;
    await this.enter('listing');
    const keys = new Set<string>();
    let next: string | undefined;
    let version: string;
    do {
      const wanted = { namespace, limit: pageSize, continue: next, metadataOnly, signal };
      const page = await api.list(resource, wanted);
      const objects = page.items.flatMap((item) => this.project(item));
      for (const { key } of objects) keys.add(key);
      if (objects.length > 0) await handler.listed(objects);
      signal.throwIfAborted();
      next = page.continue;
      version = page.resourceVersion;
    } while (next !== undefined);
    await handler.listEnd(version, keys);
    this.update({ resourceVersion: version, listedAt: clock.now(), lists: this.told.lists + 1 });
  }

  private async watch(resourceVersion: string, signal: AbortSignal): Promise<void> {
    const { api, resource, namespace, metadataOnly, watchTimeout, clock } = this.options;
    const timeoutSeconds = Math.max(1, Math.ceil(Math.min(watchTimeout, this.untilRelist()) / 1_000));
    let openedAt: number | undefined;
    let brought = false;
    const opened = async (): Promise<void> => {
      openedAt = clock.now();
      this.update({ watches: this.told.watches + 1 });
      await this.enter('watching');
    };
    const wanted = { namespace, resourceVersion, timeoutSeconds, metadataOnly, signal, opened };
    try {
      for await (const event of api.watch(resource, wanted)) {
        await this.take(event);
        this.failures = 0;
        brought = true;
        if (signal.aborted || this.untilRelist() <= 0) return;
      }
    } finally {
      if (openedAt !== undefined && clock.now() - openedAt >= SOUND_WATCH_MS) this.failures = 0;
    }
    if (!brought && openedAt !== undefined && clock.now() - openedAt < SHORT_WATCH_MS) {
      throw new KubernetesError('a watch ended at once', { status: 0, reason: 'Network' });
    }
    this.failures = 0;
  }

  private async take({ type, object, resourceVersion }: WatchEvent): Promise<void> {
    const { handler, clock } = this.options;
    if (type === 'BOOKMARK' && resourceVersion !== undefined) {
      this.update({ resourceVersion });
      return;
    }
    const isChange = type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED';
    if (!isChange || resourceVersion === undefined) {
      this.update({ skipped: this.told.skipped + 1 });
      return;
    }
    const at = clock.now();
    for (const projected of this.project(object)) {
      await handler.changed(type === 'DELETED' ? 'delete' : 'upsert', projected, at);
      this.update({ lastEventAt: at, events: this.told.events + 1 });
    }
    this.update({ resourceVersion });
  }

  private async recover(error: KubernetesError, signal: AbortSignal): Promise<void> {
    const { clock, random, backoff = BACKOFF, pause: wait = pause, forbiddenInterval } = this.options;
    const now = clock.now();
    const before = this.told.lastError;
    this.update({ errors: this.told.errors + 1, lastError: error, lastErrorAt: now });
    // An old version after an outage is no failure more of the outage: the API server is back.
    const isFirstGone = isGone(error) && !(before !== null && isGone(before));
    const failures = isFirstGone ? 0 : this.failures;
    const recovery = recoveryFrom(error, failures, backoffDelay(failures, backoff, random));
    this.failures = failures + 1;
    if (recovery.kind !== 'resume') this.update({ resourceVersion: undefined });
    const ms = recovery.kind === 'forbidden' ? forbiddenInterval : recovery.pause;
    if (ms === 0) return;
    this.update({ state: recovery.kind === 'forbidden' ? 'forbidden' : 'waiting', retryAt: now + ms });
    await this.options.handler.state(this.told);
    await wait(ms, signal);
  }

  private project(raw: unknown): T[] {
    const projected = this.options.project(raw);
    if (projected !== undefined) return [projected];
    this.update({ skipped: this.told.skipped + 1 });
    return [];
  }

  /** ms until everything is listed anew. */
  private untilRelist(): number {
    const { clock, relistInterval } = this.options;
    return (this.told.listedAt ?? clock.now()) + relistInterval - clock.now();
  }

  private async enter(state: ReflectorState): Promise<void> {
    if (this.told.state === state) return;
    this.update({ state, retryAt: null });
    await this.options.handler.state(this.told);
  }

  private update(change: Partial<ReflectorStatus>): void {
    this.told = { ...this.told, ...change };
  }
}
