import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { countChanged } from '../../database/count-changed.js';
import { ContainerRecord } from '../core/container-record.js';
import { toContainer, toContainerRow, toHolding, type ContainerRow, type OpenBindingRow } from './container-rows.js';
import * as sql from './container-events.statements.js';

/** Keeps containers, their pods as far as nobody else knows them, and the devices they hold. */
@Injectable()
export class ContainerEventsWriter {
  /** Locks the containers to the end of the transaction, new ones too. */
  async lock(manager: EntityManager, ids: readonly string[]): Promise<Map<string, ContainerRecord>> {
    await manager.query(sql.ENSURE_CONTAINERS, [ids]);
    const rows = await manager.query<ContainerRow[]>(sql.LOCK_CONTAINERS, [ids]);
    const bindings = await manager.query<OpenBindingRow[]>(sql.OPEN_BINDINGS, [ids]);
    const byContainer = Map.groupBy(bindings, (binding) => binding.container_id);
    return new Map(
      rows.map((row) => [
        row.id,
        new ContainerRecord(toContainer(row), (byContainer.get(row.id) ?? []).map(toHolding)),
      ]),
    );
  }

  /** Stores what changed. Returns whether the inventory changed, of which a container's own state is no part. */
  async save(manager: EntityManager, records: readonly ContainerRecord[], now: number): Promise<boolean> {
    const changed = records.filter((record) => record.isChanged);
    if (changed.length > 0) {
      await manager.query(sql.UPDATE_CONTAINERS, [
        JSON.stringify(changed.map((record) => toContainerRow(record.container))),
      ]);
    }
    const nodes = await this.saveNodes(manager, changed);
    const pods = await this.savePods(manager, changed, now);
    const bindings = await this.saveBindings(manager, records, now);
    return nodes + pods + bindings > 0;
  }

  /** The workloads of each pod, as far as they are known. */
  async workloadsOf(manager: EntityManager, podUids: readonly string[]): Promise<Map<string, string[]>> {
    const rows = await manager.query<{ pod_uid: string; workload_uid: string }[]>(sql.WORKLOADS_OF_PODS, [podUids]);
    const groups = Map.groupBy(rows, (row) => row.pod_uid);
    return new Map([...groups].map(([uid, group]) => [uid, group.map((row) => row.workload_uid)]));
  }

  private async saveNodes(manager: EntityManager, changed: readonly ContainerRecord[]): Promise<number> {
    const names = new Set(changed.map(({ container }) => container.node).filter((name) => name !== null));
    return names.size === 0 ? 0 : countChanged(manager, sql.UPSERT_NODES, [[...names]]);
  }

  private async savePods(manager: EntityManager, changed: readonly ContainerRecord[], now: number): Promise<number> {
    const withPod = changed.filter(({ container }) => container.pod !== null);
    if (withPod.length === 0) return 0;
    const [live, ended] = [withPod.filter((record) => record.isLive), withPod.filter((record) => !record.isLive)];
    let count = 0;
    if (live.length > 0) count += await countChanged(manager, sql.UPSERT_PODS, [podRows(live)]);
    if (ended.length === 0) return count;
    count += await countChanged(manager, sql.INSERT_ENDED_PODS, [podRows(ended)]);
    const uids = [...new Set(ended.map(({ container }) => container.pod?.uid))];
    await manager.query(sql.LOCK_PODS, [uids]);
    return count + (await countChanged(manager, sql.END_PODS, [new Date(now), uids]));
  }

  private async saveBindings(
    manager: EntityManager,
    records: readonly ContainerRecord[],
    now: number,
  ): Promise<number> {
    const all = records.flatMap(({ container, holdings }) => holdings.map((holding) => ({ container, ...holding })));
    const released = all
      .filter(({ id, releasedAt }) => id !== null && releasedAt !== null)
      .map(({ id, releasedAt }) => ({ id, released_at: releasedAt }));
    const bound = all
      .filter(({ id }) => id === null)
      .map(({ container, device, boundAt, releasedAt }) => ({
        ...device,
        node_name: container.node,
        pod_uid: container.pod?.uid ?? null,
        container_id: container.id,
        bound_at: boundAt,
        released_at: releasedAt,
      }));
    const adopting = records.filter((record) => record.podIsNew).map(({ container }) => container.id);
    let count = 0;
    if (released.length > 0) count += await countChanged(manager, sql.RELEASE_BINDINGS, [JSON.stringify(released)]);
    if (adopting.length > 0) count += await countChanged(manager, sql.ADOPT_BINDINGS, [adopting]);
    if (bound.length > 0)
      count += await countChanged(manager, sql.INSERT_BINDINGS, [JSON.stringify(bound), new Date(now)]);
    return count;
  }
}

function podRows(records: readonly ContainerRecord[]): string {
  return JSON.stringify(
    records.map(({ container }) => ({
      ...container.pod,
      node_name: container.node,
      started_at: container.createdAt ?? container.startedAt,
      ended_at: container.exitedAt,
    })),
  );
}
