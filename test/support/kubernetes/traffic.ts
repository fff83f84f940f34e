import { type Kind, isNamed } from './kinds.js';
import { type ResourceRequest, scopeOf, type Verb } from './route.js';

/** A request for objects, as it came in. */
export interface SeenRequest {
  readonly verb: Verb;
  readonly kind: Kind;
  /** `pods`, `jobs.batch/team-a`: with the namespace where it asks for one. */
  readonly scope: string;
  readonly name: string;
  readonly partial: boolean;
  readonly query: Readonly<Record<string, string>>;
}

interface Waiter {
  readonly holds: () => boolean;
  readonly resolve: () => void;
}

const SEEN_KEPT = 10_000;

/**
 * Counts what clients do, and tells tests when it has happened. A resource is named by its plural (`jobs`: of every
 * group), by plural and group (`jobs.batch`), or as a scope of one namespace (`pods/team-a`).
 */
export class Traffic {
  private readonly counts = new Map<string, number>();
  private readonly openWatches = new Set<ResourceRequest>();
  private waiters: Waiter[] = [];
  /** The latest requests, oldest first. */
  readonly seen: SeenRequest[] = [];

  record(request: ResourceRequest): void {
    const { verb, kind, name, partial, query } = request;
    const scope = scopeOf(request);
    const key = `${verb} ${scope}`;
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
    this.seen.push({ verb, kind, scope, name, partial, query: Object.fromEntries(query) });
    if (this.seen.length > SEEN_KEPT) this.seen.shift();
    this.wake();
  }

  opened(watch: ResourceRequest): void {
    this.openWatches.add(watch);
    this.wake();
  }

  closed(watch: ResourceRequest): void {
    this.openWatches.delete(watch);
    this.wake();
  }

  /** Requests by verb and scope, e.g. `list pods`. */
  all(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.counts);
  }

  requests(verb: Verb, resource: string): number {
    let sum = 0;
    for (const [key, count] of this.counts) {
      const [countedVerb, scope] = key.split(' ') as [Verb, string];
      if (countedVerb === verb && isMeant(scope, resource)) sum += count;
    }
    return sum;
  }

  watches(resource: string): number {
    let count = 0;
    for (const watch of this.openWatches) if (isMeant(scopeOf(watch), resource)) count += 1;
    return count;
  }

  /** Waits until so many watches are open (exactly `0`, at least any other count). */
  untilWatched(resource: string, count: number): Promise<void> {
    return this.until(() => (count === 0 ? this.watches(resource) === 0 : this.watches(resource) >= count));
  }

  /** Waits until so many requests have come in since the start, whatever they were answered. */
  untilRequested(verb: Verb, resource: string, count: number): Promise<void> {
    return this.until(() => this.requests(verb, resource) >= count);
  }

  private until(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((resolve) => {
      this.waiters.push({ holds, resolve });
    });
  }

  private wake(): void {
    const due = this.waiters.filter((waiter) => waiter.holds());
    this.waiters = this.waiters.filter((waiter) => !due.includes(waiter));
    for (const waiter of due) waiter.resolve();
  }
}

function isMeant(scope: string, resource: string): boolean {
  if (resource.includes('/')) return scope === resource;
  const [name] = scope.split('/') as [string];
  const [plural, ...group] = name.split('.') as [string, ...string[]];
  return isNamed({ plural, group: group.join('.'), version: '', kind: '', namespaced: true }, resource);
}
