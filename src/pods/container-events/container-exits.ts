import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/** A container that the kernel killed because it ran out of memory. */
export interface OutOfMemoryExit {
  containerId: string;
  containerName: string | null;
  node: string | null;
  podUid: string;
  podName: string;
  podNamespace: string;
  /** Every workload of the pod; empty while its owners are unknown. */
  workloadUids: readonly string[];
  exitCode: number | null;
  /** ms */
  exitedAt: number;
}

/** Runs in the transaction that stores the exit: what it throws undoes that, and the event will be sent again. */
export type OutOfMemoryListener = (manager: EntityManager, exits: readonly OutOfMemoryExit[]) => Promise<void>;

/** Where other features hear of out-of-memory kills. Each exit is told once for each time it is stored. */
@Injectable()
export class ContainerExits {
  private readonly listeners: OutOfMemoryListener[] = [];

  onOutOfMemory(listener: OutOfMemoryListener): void {
    this.listeners.push(listener);
  }

  async tell(manager: EntityManager, exits: readonly OutOfMemoryExit[]): Promise<void> {
    if (exits.length === 0) return;
    for (const listener of this.listeners) await listener(manager, exits);
  }
}
