import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';

/** Where the process stands between its start and its end. */
export type LifecyclePhase = 'starting' | 'running' | 'stopping';

/** Knows whether the process has started and whether it has been told to stop. */
@Injectable()
export class Lifecycle implements OnApplicationBootstrap {
  private current: LifecyclePhase = 'starting';

  get phase(): LifecyclePhase {
    return this.current;
  }

  onApplicationBootstrap(): void {
    if (this.current === 'starting') this.current = 'running';
  }

  /** From now on the process is not ready for new work. */
  stop(): void {
    this.current = 'stopping';
  }
}
