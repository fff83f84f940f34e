import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Notifications } from '../../database/notifications.js';
import type { ContainerEvent } from '../core/container-event.js';
import type { ContainerRecord, EventOutcome } from '../core/container-record.js';
import { INVENTORY_CHANGED } from '../inventory-changed.js';
import { ContainerEventsWriter } from './container-events.writer.js';
import { ContainerExits, type OutOfMemoryExit } from './container-exits.js';

/** Brings containers forward by events, in the order they come in, within one transaction. */
@Injectable()
export class ContainerEventsRecorder {
  constructor(
    private readonly writer: ContainerEventsWriter,
    private readonly exits: ContainerExits,
    private readonly notifications: Notifications,
  ) {}

  /** Returns what became of each event. */
  async record(manager: EntityManager, events: readonly ContainerEvent[], now: number): Promise<EventOutcome[]> {
    const ids = [...new Set(events.map((event) => event.containerId))].sort();
    const records = await this.writer.lock(manager, ids);
    const outcomes = events.map((event) => records.get(event.containerId)?.apply(event, now) ?? 'stale');
    const all = [...records.values()];
    const changed = await this.writer.save(manager, all, now);
    await this.tellOutOfMemory(manager, all);
    if (changed) await this.notifications.notify(manager, INVENTORY_CHANGED);
    return outcomes;
  }

  private async tellOutOfMemory(manager: EntityManager, records: readonly ContainerRecord[]): Promise<void> {
    const killed = records.filter((record) => record.wasKilledForMemory);
    const podUids = killed.flatMap(({ container }) => (container.pod === null ? [] : [container.pod.uid]));
    if (podUids.length === 0) return;
    const workloads = await this.writer.workloadsOf(manager, podUids);
    await this.exits.tell(
      manager,
      killed.flatMap((record) => toExit(record, workloads)),
    );
  }
}

function toExit({ container }: ContainerRecord, workloads: ReadonlyMap<string, string[]>): OutOfMemoryExit[] {
  if (container.pod === null || container.exitedAt === null) return [];
  return [
    {
      containerId: container.id,
      containerName: container.name,
      node: container.node,
      podUid: container.pod.uid,
      podName: container.pod.name,
      podNamespace: container.pod.namespace,
      workloadUids: workloads.get(container.pod.uid) ?? [],
      exitCode: container.exitCode,
      exitedAt: container.exitedAt,
    },
  ];
}
