import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Fields } from './fields.js';
import { pageOf, type Page, type Stretch } from './listing.js';
import type { ListKey } from './page-cursor.js';
import type { WorkloadDevicesDto, WorkloadDto, WorkloadNameDto } from './workload-reading.dto.js';
import {
  DEVICES_BY_NODE,
  DEVICES_OF_WORKLOADS,
  includesPods,
  OWNERS_OF_WORKLOAD,
  PODS_OF_WORKLOADS,
  podsAheadStatement,
  WORKLOAD_BY_UID,
  workloadsStatement,
  type WorkloadFilter,
} from './workload-reading.statements.js';

/** Pods looked at for a page of those that are their own workloads: no index knows them, and there may be none. */
const PODS_EXAMINED = 2_000;
/** Most rows about a workload's devices. */
const MAX_DEVICE_ROWS = 1_000;

/** A workload as its table has it, or a pod in its form. */
export interface StoredWorkload extends WorkloadNameDto {
  created_at: string | null;
  is_pod: boolean;
}

interface PodsOfPhase {
  workload_uid: string;
  phase: string;
  pods: number;
  since: string | null;
}

interface DevicesOf {
  workload_uid: string;
  devices: number;
}

/** Reads workloads in the form in which they are answered. */
@Injectable()
export class WorkloadReadingRepository {
  /**
   * Workloads after a key, ordered by namespace, name and UID. A page with pods that are their own workloads may be short, even
   * empty, before the list has ended.
   */
  async page(
    manager: EntityManager,
    filter: WorkloadFilter,
    after: ListKey | undefined,
    limit: number,
  ): Promise<Page<WorkloadDto>> {
    const until = includesPods(filter) ? await podsAhead(manager, filter, after) : undefined;
    const { items, next } = await storedPage(manager, filter, { after, until }, limit);
    return { items: await this.complete(manager, items), next };
  }

  /** The first workloads right below one, running and ended. */
  async children(manager: EntityManager, uid: string, limit: number): Promise<Page<WorkloadNameDto>> {
    const { items, next } = await storedPage(manager, { owner_uid: uid, state: 'all' }, { after: undefined }, limit);
    return { items: items.map(toName), next };
  }

  /** The workload as it is stored, and as it is listed; undefined for one that is not known. */
  async find(
    manager: EntityManager,
    uid: string,
  ): Promise<{ stored: StoredWorkload; listed: Fields<WorkloadDto> } | undefined> {
    const rows = await manager.query<StoredWorkload[]>(WORKLOAD_BY_UID, [uid]);
    const [listed] = await this.complete(manager, rows);
    const [stored] = rows;
    return stored === undefined || listed === undefined ? undefined : { stored, listed };
  }

  /** The workloads above one, nearest first. */
  async owners(manager: EntityManager, uid: string): Promise<WorkloadNameDto[]> {
    return (await manager.query<StoredWorkload[]>(OWNERS_OF_WORKLOAD, [uid])).map(toName);
  }

  /** How many devices the pods of a workload hold on which node. */
  async devicesByNode(manager: EntityManager, workload: StoredWorkload): Promise<WorkloadDevicesDto[]> {
    return manager.query<WorkloadDevicesDto[]>(DEVICES_BY_NODE, [...membersOf([workload]), MAX_DEVICE_ROWS]);
  }

  private async complete(manager: EntityManager, workloads: readonly StoredWorkload[]): Promise<Fields<WorkloadDto>[]> {
    if (workloads.length === 0) return [];
    const members = membersOf(workloads);
    const phases = await manager.query<PodsOfPhase[]>(PODS_OF_WORKLOADS, members);
    const devices = await manager.query<DevicesOf[]>(DEVICES_OF_WORKLOADS, members);
    const pods = Map.groupBy(phases, (row) => row.workload_uid);
    const held = new Map(devices.map((row) => [row.workload_uid, row.devices]));
    return workloads.map((workload) => ({
      ...toName(workload),
      ...podsOf(workload, pods.get(workload.uid) ?? []),
      devices: held.get(workload.uid) ?? 0,
    }));
  }
}

async function storedPage(
  manager: EntityManager,
  filter: WorkloadFilter,
  stretch: Stretch,
  limit: number,
): Promise<Page<StoredWorkload>> {
  const { sql, parameters } = workloadsStatement(filter, stretch, limit + 1);
  const rows = await manager.query<StoredWorkload[]>(sql, [...parameters]);
  return pageOf(rows, limit, (workload) => [workload.namespace, workload.name, workload.uid], stretch.until);
}

/** How far a page may look for pods that are their own workloads; undefined when it may look to the end. */
async function podsAhead(
  manager: EntityManager,
  filter: WorkloadFilter,
  after: ListKey | undefined,
): Promise<ListKey | undefined> {
  const { sql, parameters } = podsAheadStatement(filter, after, PODS_EXAMINED);
  const [pod] = await manager.query<{ namespace: string; name: string; uid: string }[]>(sql, [...parameters]);
  return pod === undefined ? undefined : [pod.namespace, pod.name, pod.uid];
}

/** The UIDs of running workloads, of ended ones and of pods that are their own. */
function membersOf(workloads: readonly StoredWorkload[]): [string[], string[], string[]] {
  const uidsOf = (some: readonly StoredWorkload[]) => some.map(({ uid }) => uid);
  const owners = workloads.filter((workload) => !workload.is_pod);
  return [
    uidsOf(owners.filter((workload) => workload.ended_at === null)),
    uidsOf(owners.filter((workload) => workload.ended_at !== null)),
    uidsOf(workloads.filter((workload) => workload.is_pod)),
  ];
}

function podsOf({ created_at }: StoredWorkload, rows: readonly PodsOfPhase[]): Pick<WorkloadDto, 'since' | 'pods'> {
  const starts = rows.flatMap(({ since }) => since ?? []).sort();
  const by_phase = Object.fromEntries(rows.map(({ phase, pods }) => [phase, pods]));
  return {
    since: created_at ?? starts[0] ?? null,
    pods: { total: rows.reduce((sum, { pods }) => sum + pods, 0), by_phase },
  };
}

function toName({ created_at: _created, is_pod: _isPod, ...workload }: StoredWorkload): Fields<WorkloadNameDto> {
  return workload;
}
