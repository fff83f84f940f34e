import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ContainerExits, type OutOfMemoryExit } from '../pods/container-events/container-exits.js';
import { WorkloadPods } from '../pods/workload-pods.service.js';
import type { TrainingEvent, TrainingEventPage } from './training-event.js';
import { TrainingEventsRepository } from './training-events.repository.js';
import { TrainingEventsWriter } from './training-events.writer.js';

/** What happens to training workloads. */
@Injectable()
export class TrainingEvents implements OnModuleInit {
  constructor(
    private readonly writer: TrainingEventsWriter,
    private readonly repository: TrainingEventsRepository,
    private readonly workloadPods: WorkloadPods,
    private readonly exits: ContainerExits,
  ) {}

  onModuleInit(): void {
    this.exits.onOutOfMemory((manager, exits) => this.record(manager, exits.flatMap(toEvents)));
  }

  /** Records events in the manager's transaction; those that are recorded already change nothing. */
  async record(manager: EntityManager, events: readonly TrainingEvent[]): Promise<void> {
    await this.writer.insert(manager, events);
  }

  /** Events of a workload, newest first. */
  async page(workloadUid: string, range: { offset: number; limit: number }): Promise<TrainingEventPage> {
    const pods = await this.workloadPods.uidsOf(workloadUid);
    return this.repository.findPage(workloadUid, pods, range);
  }
}

function toEvents(exit: OutOfMemoryExit): TrainingEvent[] {
  const workloads = exit.workloadUids.length > 0 ? exit.workloadUids : [null];
  return workloads.map((workloadUid) => ({
    workloadUid,
    podUid: exit.podUid,
    type: 'oom_killed',
    key: `${exit.containerId}@${exit.exitedAt}`,
    occurredAt: exit.exitedAt,
    details: {
      container_id: exit.containerId,
      container_name: exit.containerName,
      exit_code: exit.exitCode,
      node: exit.node,
      pod_name: exit.podName,
      pod_namespace: exit.podNamespace,
    },
  }));
}
