import type { Reflector } from '../client/reflector.js';
import type { ResourceSync } from '../writer/sync-state.js';

/** One resource that is watched: its reflector, and how far what it brings has got into the database. */
export class ResourceWatch {
  private objects = 0;
  private lastWrittenAt: number | null = null;
  private isListed = false;

  /** @param name `nodes`, `pods`, or `pods/<namespace>` */
  constructor(
    readonly name: string,
    private readonly reflector: Pick<Reflector<{ key: string }>, 'status' | 'run'>,
  ) {}

  run(signal: AbortSignal): Promise<void> {
    return this.reflector.run(signal);
  }

  /** Whether a whole list has been written, or may not be read at all. */
  get isSettled(): boolean {
    return this.isListed || this.reflector.status.state === 'forbidden';
  }

  get isListing(): boolean {
    return this.reflector.status.state === 'listing';
  }

  /** Everything there is has been written. */
  listed(objects: number, now: number): void {
    this.objects = objects;
    this.isListed = true;
    this.lastWrittenAt = now;
  }

  /** What had come by then has been written. */
  written(now: number): void {
    this.lastWrittenAt = now;
  }

  /** As everybody may read it. */
  get state(): ResourceSync {
    const { status } = this.reflector;
    return {
      resource: this.name,
      state: status.state,
      objects: this.objects,
      resourceVersion: status.resourceVersion ?? null,
      listedAt: this.isListed ? status.listedAt : null,
      lastEventAt: status.lastEventAt,
      lastWrittenAt: this.lastWrittenAt,
      restarts: Math.max(0, status.lists - 1),
      errors: status.errors,
      lastError: status.lastError?.message ?? null,
      lastErrorAt: status.lastErrorAt,
    };
  }
}
