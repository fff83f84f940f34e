import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Fields } from './fields.js';
import { pageOf, type Page } from './listing.js';
import { devicesOf, type HoldingRow } from './node-devices.js';
import type { NodeDetailDto, NodeDeviceDto, NodeDto } from './node-reading.dto.js';
import {
  HOLDINGS_ON_NODES,
  IDLE_DEVICES_ON_NODE,
  NODE_BY_NAME,
  nodesStatement,
  PODS_ON_NODES,
  type NodeFilter,
} from './node-reading.statements.js';
import type { ListKey } from './page-cursor.js';
import { PodReadingRepository } from './pod-reading.repository.js';

type StoredNode = Omit<NodeDto, 'pods' | 'devices'>;

interface PodsOn {
  node_name: string;
  pods: number;
}

/** Reads nodes in the form in which they are answered. */
@Injectable()
export class NodeReadingRepository {
  constructor(private readonly pods: PodReadingRepository) {}

  /** Nodes after a key, ordered by name. */
  async page(
    manager: EntityManager,
    filter: NodeFilter,
    after: ListKey | undefined,
    limit: number,
  ): Promise<Page<NodeDto>> {
    const { sql, parameters } = nodesStatement(filter, after, limit + 1);
    const stored = await manager.query<StoredNode[]>(sql, [...parameters]);
    const { items, next } = pageOf(stored, limit, (node) => [node.name]);
    return { items: await this.complete(manager, items), next };
  }

  /** Everything about a node, or undefined for one that is not known. */
  async find(manager: EntityManager, name: string): Promise<NodeDetailDto | undefined> {
    const [node] = await this.complete(manager, await manager.query<StoredNode[]>(NODE_BY_NAME, [name]));
    if (node === undefined) return undefined;
    const idle = await this.devices(manager, await manager.query<HoldingRow[]>(IDLE_DEVICES_ON_NODE, [name]));
    return { ...node, idle_devices: idle.get(name) ?? [] };
  }

  private async complete(manager: EntityManager, nodes: readonly StoredNode[]): Promise<Fields<NodeDto>[]> {
    const names = nodes.map(({ name }) => name);
    const counts = await manager.query<PodsOn[]>(PODS_ON_NODES, [names]);
    const pods = new Map(counts.map((row) => [row.node_name, row.pods]));
    const held = await this.devices(manager, await manager.query<HoldingRow[]>(HOLDINGS_ON_NODES, [names]));
    return nodes.map(({ sources, ...node }) => ({
      ...node,
      pods: pods.get(node.name) ?? 0,
      devices: held.get(node.name) ?? [],
      sources,
    }));
  }

  private async devices(manager: EntityManager, rows: readonly HoldingRow[]): Promise<Map<string, NodeDeviceDto[]>> {
    const uids = new Set(rows.flatMap(({ pod_uid }) => pod_uid ?? []));
    const pods = await this.pods.barePods(manager, [...uids]);
    return devicesOf(rows, pods, await this.pods.workloadsOf(manager, pods));
  }
}
