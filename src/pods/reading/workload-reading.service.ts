import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { NotFound } from '../../common/domain-error.js';
import type { Page } from './listing.js';
import { encodeCursor } from './page-cursor.js';
import { placeOf } from './page-query.dto.js';
import { PodReadingRepository } from './pod-reading.repository.js';
import type {
  WorkloadChildrenDto,
  WorkloadDetailDto,
  WorkloadPageDto,
  WorkloadPodsPageDto,
  WorkloadsQueryDto,
} from './workload-reading.dto.js';
import { WorkloadReadingRepository, type StoredWorkload } from './workload-reading.repository.js';
import { ReadingSnapshot } from './reading-snapshot.service.js';

/** Pods and children in the answer about one workload. */
const FIRST = 100;

/** Workloads as the database has them, each answer in one snapshot. */
@Injectable()
export class WorkloadReading {
  constructor(
    private readonly snapshot: ReadingSnapshot,
    private readonly workloads: WorkloadReadingRepository,
    private readonly pods: PodReadingRepository,
  ) {}

  /** A stretch of the list. Throws InvalidRequest when the cursor is none. */
  async page(query: WorkloadsQueryDto): Promise<WorkloadPageDto> {
    const after = placeOf('workloads', query);
    const page = await this.snapshot.read((manager) => this.workloads.page(manager, query, after, query.limit));
    return { items: [...page.items], next_cursor: page.next === null ? null : encodeCursor('workloads', page.next) };
  }

  /** Everything about a workload or a pod that is its own. Throws {@link NotFound} for one that is not known. */
  async find(uid: string): Promise<WorkloadDetailDto> {
    const workload = await this.snapshot.read((manager) => this.findIn(manager, uid));
    if (workload === undefined) throw new NotFound('No workload with this UID is known.');
    return workload;
  }

  private async findIn(manager: EntityManager, uid: string): Promise<WorkloadDetailDto | undefined> {
    const found = await this.workloads.find(manager, uid);
    if (found === undefined) return undefined;
    return {
      ...found.listed,
      owner_chain: await this.workloads.owners(manager, uid),
      children: toChildren(uid, await this.workloads.children(manager, uid, FIRST)),
      first_pods: await this.firstPods(manager, found.stored),
      devices_by_node: await this.workloads.devicesByNode(manager, found.stored),
    };
  }

  private async firstPods(manager: EntityManager, { uid, ended_at }: StoredWorkload): Promise<WorkloadPodsPageDto> {
    const state = ended_at === null ? 'running' : 'all';
    const page = await this.pods.page(manager, { workload_uid: uid, state }, undefined, FIRST);
    const next_cursor = page.next === null ? null : encodeCursor('pods', page.next);
    const next = next_cursor === null ? null : request('/v1/pods', { workload_uid: uid, state, cursor: next_cursor });
    return { items: [...page.items], next_cursor, next };
  }
}

function toChildren(uid: string, { items, next }: Page<WorkloadChildrenDto['items'][number]>): WorkloadChildrenDto {
  if (next === null) return { items: [...items], next };
  const query = { owner_uid: uid, state: 'all', cursor: encodeCursor('workloads', next) };
  return { items: [...items], next: request('/v1/workloads', query) };
}

function request(path: string, query: Record<string, string>): string {
  return `${path}?${new URLSearchParams(query).toString()}`;
}
