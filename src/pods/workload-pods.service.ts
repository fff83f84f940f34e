import { Injectable } from '@nestjs/common';
import { InventoryRepository } from './cache/inventory.repository.js';

/** Which pods belong to a workload, for other features. */
@Injectable()
export class WorkloadPods {
  constructor(private readonly repository: InventoryRepository) {}

  /** UIDs of the pods that belong, or belonged, to the workload; a bare pod is its own workload. */
  async uidsOf(workloadUid: string): Promise<string[]> {
    return this.repository.podsOf(workloadUid);
  }
}
