import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Fields } from './fields.js';
import { pageOf, type Page } from './listing.js';
import type { ListKey } from './page-cursor.js';
import type {
  PodContainerDto,
  PodDetailDto,
  PodDeviceDto,
  PodDto,
  PodOwnerDto,
  PodWorkloadDto,
} from './pod-reading.dto.js';
import {
  BARE_PODS,
  CONTAINERS_OF_POD,
  DEVICES_OF_PODS,
  POD_BY_UID,
  podsStatement,
  RELEASED_DEVICES,
  WORKLOADS_OF_PODS,
  type PodFilter,
} from './pod-reading.statements.js';

/** Most released devices and containers told of a pod. */
const MAX_PAST = 100;

/** A pod as its table has it. */
export interface StoredPod extends Omit<PodDto, 'workloads' | 'devices'> {
  owners_known: boolean;
}

interface OfPod {
  pod_uid: string;
}

/** Reads pods in the form in which they are answered. */
@Injectable()
export class PodReadingRepository {
  /** Pods after a key, ordered by namespace, name and UID. */
  async page(
    manager: EntityManager,
    filter: PodFilter,
    after: ListKey | undefined,
    limit: number,
  ): Promise<Page<PodDto>> {
    const { sql, parameters } = podsStatement(filter, after, limit + 1);
    const stored = await manager.query<StoredPod[]>(sql, [...parameters]);
    const { items, next } = pageOf(stored, limit, (pod) => [pod.namespace, pod.name, pod.uid]);
    return { items: await this.complete(manager, items), next };
  }

  /** Everything about a pod, or undefined for one that is not known. */
  async find(manager: EntityManager, uid: string): Promise<PodDetailDto | undefined> {
    const stored = await manager.query<StoredPod[]>(POD_BY_UID, [uid]);
    const [pod] = await this.complete(manager, stored);
    if (pod === undefined) return undefined;
    const owners = await ownersOf(manager, stored);
    const released = await manager.query<(PodDeviceDto & OfPod)[]>(RELEASED_DEVICES, [uid, MAX_PAST]);
    const containers = await manager.query<PodContainerDto[]>(CONTAINERS_OF_POD, [uid, MAX_PAST]);
    return { ...pod, released_devices: released.map(toDevice), owner_chain: owners.get(uid) ?? [], containers };
  }

  /** What {@link workloadsOf} wants of pods; those that are not known are left out. */
  async barePods(manager: EntityManager, uids: readonly string[]): Promise<BarePod[]> {
    return uids.length === 0 ? [] : manager.query<BarePod[]>(BARE_PODS, [uids]);
  }

  /** The workloads of pods by the pod's UID, nearest first; pods without any are left out. */
  async workloadsOf(manager: EntityManager, pods: readonly BarePod[]): Promise<Map<string, PodWorkloadDto[]>> {
    const owners = await ownersOf(manager, pods);
    return new Map([...owners].map(([uid, chain]) => [uid, chain.map(toWorkload)]));
  }

  private async complete(manager: EntityManager, pods: readonly StoredPod[]): Promise<Fields<PodDto>[]> {
    if (pods.length === 0) return [];
    const workloads = await this.workloadsOf(manager, pods);
    const uids = pods.map(({ uid }) => uid);
    const devices = await manager.query<(PodDeviceDto & OfPod)[]>(DEVICES_OF_PODS, [uids]);
    const held = Map.groupBy(devices, (device) => device.pod_uid);
    return pods.map(({ owners_known: _known, sources, ...pod }) => ({
      ...pod,
      workloads: workloads.get(pod.uid) ?? [],
      devices: (held.get(pod.uid) ?? []).map(toDevice),
      sources,
    }));
  }
}

/** What makes a workload of a pod without owners. */
export type BarePod = Pick<
  StoredPod,
  'uid' | 'name' | 'namespace' | 'phase' | 'started_at' | 'ended_at' | 'owners_known'
>;

/** A pod whose owners are known to be none is its own workload. */
async function ownersOf(manager: EntityManager, pods: readonly BarePod[]): Promise<Map<string, PodOwnerDto[]>> {
  const rows = await manager.query<(PodOwnerDto & OfPod)[]>(WORKLOADS_OF_PODS, [pods.map(({ uid }) => uid)]);
  const byPod = new Map<string, PodOwnerDto[]>();
  for (const { pod_uid: pod, ...owner } of rows) byPod.set(pod, [...(byPod.get(pod) ?? []), owner]);
  for (const pod of pods) {
    if (pod.owners_known && !byPod.has(pod.uid)) byPod.set(pod.uid, [asOwnWorkload(pod)]);
  }
  return byPod;
}

function asOwnWorkload({ uid, name, namespace, phase, started_at, ended_at }: BarePod): PodOwnerDto {
  const itself = { uid, name, namespace, kind: 'Pod', api_group: '', root: true, depth: 0 };
  return { ...itself, owner_uid: null, status: phase, created_at: started_at, ended_at };
}

function toWorkload({ uid, name, namespace, kind, api_group, root, depth }: PodOwnerDto): PodWorkloadDto {
  return { uid, name, namespace, kind, api_group, root, depth };
}

function toDevice({ pod_uid: _pod, ...device }: PodDeviceDto & OfPod): PodDeviceDto {
  return device;
}
