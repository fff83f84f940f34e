import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { countChanged } from '../../../database/count-changed.js';
import { podRows, referenceRows, workloadRows } from './batch-rows.js';
import type { KubernetesBatch, ListedScope, PodChain } from './kubernetes-batch.js';
import * as sql from './kubernetes.statements.js';
import { LeadershipLost } from './leadership-lost.js';
import * as syncSql from './sync.statements.js';
import type { OwnerSync, ResourceSync } from './sync-state.js';

interface MarkedReference {
  workload_uid: string;
  pod_ended: boolean;
  vouched: boolean;
}

/** How many rows changed, and the workloads that have lost a pod by that. */
interface Effect {
  changes: number;
  losing: readonly string[];
}

/**
 * Writes what the watch of the cluster tells. Every transaction but that of {@link beginTerm} must begin with
 * {@link holdTerm}.
 */
@Injectable()
export class KubernetesWriter {
  /** Begins the term of a new leader and returns its number; writes of the term before are refused from now on. */
  async beginTerm(manager: EntityManager, leader: string, now: number): Promise<number> {
    const [row] = await this.rows<{ term: number }>(manager, syncSql.BEGIN_TERM, [leader, new Date(now)]);
    if (row === undefined) throw new Error('The row of kubernetes_sync is missing');
    await manager.query(syncSql.FORGET_RESOURCES);
    await manager.query(syncSql.FORGET_OWNERS);
    return row.term;
  }

  /** Notes that nobody leads any more, unless another leader does by now. */
  async endTerm(manager: EntityManager, term: number, now: number): Promise<void> {
    await manager.query(syncSql.END_TERM, [term, new Date(now)]);
  }

  /** Keeps the term from ending before the transaction does. Throws {@link LeadershipLost} when it has ended. */
  async holdTerm(manager: EntityManager, term: number): Promise<void> {
    const rows = await manager.query<unknown[]>(syncSql.HOLD_TERM, [term]);
    if (rows.length === 0) throw new LeadershipLost(term);
  }

  /** Writes a batch of changes and returns whether any row changed. */
  async write(manager: EntityManager, batch: KubernetesBatch, now: number): Promise<boolean> {
    await manager.query(sql.PLAN_FOR_BULK, ['off']);
    const nodes = await this.writeNodes(manager, batch, now);
    const pods = await this.writePods(manager, batch, now);
    const chains = await this.writeChains(manager, batch, now);
    const withdrawn = await this.withdrawWorkloads(manager, [...pods.losing, ...chains.losing], now);
    return nodes + pods.changes + chains.changes + withdrawn > 0;
  }

  /**
   * After a full list: ends whatever Kubernetes vouches for in that scope and did not list. `present` holds the uids of pods,
   * the names of nodes. Returns how many ended.
   */
  async withdrawMissing(
    manager: EntityManager,
    scope: ListedScope,
    present: readonly string[],
    now: number,
  ): Promise<number> {
    const at = new Date(now);
    if (scope.kind === 'nodes') {
      await manager.query(sql.PLAN_FOR_BULK, ['on']);
      return countChanged(manager, sql.WITHDRAW_MISSING_NODES, [at, present]);
    }
    return this.endPods(manager, sql.END_MISSING_PODS, [at, present, scope.namespace ?? null], now);
  }

  /** Ends the pods of namespaces that are not watched any more. Returns how many ended. */
  async withdrawUnwatched(manager: EntityManager, namespaces: readonly string[], now: number): Promise<number> {
    return this.endPods(manager, sql.END_UNWATCHED_PODS, [new Date(now), namespaces], now);
  }

  /** Keeps how the watches of resources fare, a sign of life. */
  async saveResources(manager: EntityManager, rows: readonly ResourceSync[], now: number): Promise<void> {
    await manager.query(syncSql.SAVE_RESOURCES, [JSON.stringify(rows)]);
    await manager.query(syncSql.SHOW_LIFE, [new Date(now)]);
  }

  /** Keeps which kinds of owners can be read. */
  async saveOwners(manager: EntityManager, rows: readonly OwnerSync[]): Promise<void> {
    await manager.query(syncSql.SAVE_OWNERS, [JSON.stringify(rows)]);
  }

  /** Notes that all there is stands in the inventory now. */
  async markSynced(manager: EntityManager, now: number): Promise<void> {
    await manager.query(syncSql.MARK_SYNCED, [new Date(now)]);
  }

  private async writeNodes(
    manager: EntityManager,
    { nodes, removedNodes }: KubernetesBatch,
    now: number,
  ): Promise<number> {
    const newest = new Map(nodes.map((node) => [node.name, node]));
    const gone = removedNodes.filter((name) => !newest.has(name));
    let changes = 0;
    if (gone.length > 0) changes += await countChanged(manager, sql.WITHDRAW_NODES, [new Date(now), gone]);
    if (newest.size > 0)
      changes += await countChanged(manager, sql.UPSERT_NODES, [JSON.stringify([...newest.values()])]);
    return changes;
  }

  private async writePods(manager: EntityManager, batch: KubernetesBatch, now: number): Promise<Effect> {
    const changed: string[] = [];
    if (batch.pods.length > 0) {
      const rows = JSON.stringify(podRows(batch));
      changed.push(...(await this.uids(manager, sql.UPSERT_PODS, [rows, new Date(now)])));
    }
    if (batch.removedPods.length > 0) {
      const rows = JSON.stringify(batch.removedPods.map(({ uid, endedAt }) => ({ uid, ended_at: endedAt })));
      changed.push(...(await this.uids(manager, sql.END_PODS, [rows])));
    }
    return this.follow(manager, changed);
  }

  private async endPods(
    manager: EntityManager,
    statement: string,
    parameters: unknown[],
    now: number,
  ): Promise<number> {
    await manager.query(sql.PLAN_FOR_BULK, ['on']);
    const ended = await this.uids(manager, statement, parameters);
    await manager.query(sql.PLAN_FOR_BULK, ['off']);
    const { losing } = await this.follow(manager, ended);
    await this.withdrawWorkloads(manager, losing, now);
    return ended.length;
  }

  /** What follows from pods that changed: ended ones hold nothing, and workloads live as long as one of their pods. */
  private async follow(manager: EntityManager, podUids: readonly string[]): Promise<Effect> {
    if (podUids.length === 0) return { changes: 0, losing: [] };
    const released = await countChanged(manager, sql.RELEASE_DEVICES, [podUids]);
    const marked = await this.rows<MarkedReference>(manager, sql.MARK_REFERENCES, [podUids], sql.MARKED);
    const living = marked.filter((reference) => !reference.pod_ended && reference.vouched).map(workloadOf);
    const revived = living.length === 0 ? 0 : await countChanged(manager, sql.REVIVE_WORKLOADS, [[...new Set(living)]]);
    const losing = marked.filter((reference) => reference.pod_ended).map(workloadOf);
    return { changes: podUids.length + released + revived, losing };
  }

  private async writeChains(manager: EntityManager, batch: KubernetesBatch, now: number): Promise<Effect> {
    const known = batch.chains.filter(({ chain }) => chain.ownersKnown);
    if (known.length === 0) return { changes: 0, losing: [] };
    const uids = known.map(({ podUid }) => podUid);
    const pods = await manager.query<{ uid: string; ended: boolean; open: boolean }[]>(sql.PODS_OF_CHAINS, [uids]);
    const [open, ended] = [podsWhere(pods, 'open'), podsWhere(pods, 'ended')];
    const chains = known.filter(({ podUid }) => open.has(podUid));
    let changes = await countChanged(manager, sql.NOTE_KNOWN_OWNERS, [uids]);
    changes += await this.writeWorkloads(manager, chains, ended, now);
    const references = JSON.stringify(referenceRows(chains, (uid) => ended.has(uid)));
    const living = [...open].filter((uid) => !ended.has(uid));
    const parameters = [new Date(now), living, references];
    const losing = await this.rows<{ workload_uid: string }>(
      manager,
      sql.WITHDRAW_REFERENCES,
      parameters,
      't.workload_uid',
    );
    changes += await countChanged(manager, sql.UPSERT_REFERENCES, [references]);
    return { changes: changes + losing.length, losing: losing.map(workloadOf) };
  }

  private async writeWorkloads(
    manager: EntityManager,
    chains: readonly PodChain[],
    ended: ReadonlySet<string>,
    now: number,
  ): Promise<number> {
    const living = workloadRows(chains.filter(({ podUid }) => !ended.has(podUid)));
    const alive = new Set(living.map(({ uid }) => uid));
    const others = workloadRows(chains).filter(({ uid }) => !alive.has(uid));
    let changes = 0;
    if (living.length > 0) changes += await countChanged(manager, sql.UPSERT_WORKLOADS, [JSON.stringify(living)]);
    if (others.length > 0) {
      changes += await countChanged(manager, sql.INSERT_ENDED_WORKLOADS, [JSON.stringify(others), new Date(now)]);
    }
    return changes;
  }

  private async withdrawWorkloads(manager: EntityManager, losing: readonly string[], now: number): Promise<number> {
    if (losing.length === 0) return 0;
    return countChanged(manager, sql.WITHDRAW_WORKLOADS, [new Date(now), [...new Set(losing)]]);
  }

  private async uids(manager: EntityManager, statement: string, parameters: unknown[]): Promise<string[]> {
    const rows = await this.rows<{ uid: string }>(manager, statement, parameters, 't.uid');
    return rows.map(({ uid }) => uid);
  }

  /** What a changing statement returns of its rows; the driver's own answer differs from one kind of statement to another. */
  private async rows<T>(
    manager: EntityManager,
    statement: string,
    parameters: unknown[],
    columns?: string,
  ): Promise<T[]> {
    const returning = columns === undefined ? '' : ` RETURNING ${columns}`;
    return manager.query<T[]>(`WITH changed AS (${statement}${returning}) SELECT * FROM changed`, parameters);
  }
}

function workloadOf({ workload_uid }: { workload_uid: string }): string {
  return workload_uid;
}

function podsWhere(
  pods: readonly { uid: string; ended: boolean; open: boolean }[],
  flag: 'ended' | 'open',
): Set<string> {
  return new Set(pods.filter((pod) => pod[flag]).map(({ uid }) => uid));
}
