import { setImmediate } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Transactions } from '../../database/transactions.js';
import type { InventoryRows, PodWorkloadRow, WorkloadRow } from '../core/inventory-rows.js';
import {
  deltaStatement,
  PLAN_FOR_CURSORS,
  cursorStatement,
  REFERENCES_OF_PODS,
  SNAPSHOT,
  TABLES,
  WORKLOADS_BY_UID,
} from './inventory.statements.js';

/** What a reading has seen, for the next one to go on from. */
export interface Snapshot {
  snapshot: string;
  horizon: string;
}

export interface Delta {
  seen: Snapshot;
  rows: InventoryRows;
  count: number;
}

type Page = Record<string, unknown>[];

/** Rows taken in one turn of the event loop. */
const TAKEN_AT_A_TIME = 500;

const CONSISTENT = { isolation: 'REPEATABLE READ', readOnly: true } as const;
const NOTHING: InventoryRows = { nodes: [], workloads: [], pods: [], podWorkloads: [], bindings: [] };

/** Reads the inventory in consistent snapshots. */
@Injectable()
export class InventoryRepository {
  constructor(private readonly transactions: Transactions) {}

  /** What has changed since an earlier reading, or undefined when that is more than `limit` rows. */
  async readChanges(since: Snapshot, limit: number): Promise<Delta | undefined> {
    return this.transactions.run(async (manager) => {
      const seen = await takeSnapshot(manager);
      const rows: Record<string, Page> = {};
      let count = 0;
      for (const table of TABLES) {
        const parameters = [since.snapshot, since.horizon, limit - count + 1];
        const changed = await manager.query<Page>(deltaStatement(table), parameters);
        rows[table.name] = changed;
        count += changed.length;
        if (count > limit) return undefined;
      }
      return { seen, rows: await complete(manager, rows as unknown as InventoryRows), count };
    }, CONSISTENT);
  }

  /**
   * Everything that ended at `cutoff` (ms) or later, page by page. `begin` is called whenever the reading starts, again when it
   * has to start anew, and gives what takes the pages. Other work gets its turn between pages.
   */
  async readAll(cutoff: number, pageSize: number, begin: () => (rows: InventoryRows) => void): Promise<Snapshot> {
    return this.transactions.run(async (manager) => {
      const seen = await takeSnapshot(manager);
      const take = begin();
      await manager.query(PLAN_FOR_CURSORS);
      for (const table of TABLES) {
        await manager.query(cursorStatement(table, cutoff));
        for (let full = true; full;) {
          const page = await manager.query<Page>(`FETCH ${pageSize} FROM "${table.name}"`);
          full = page.length === pageSize;
          for (let start = 0; start < page.length; start += TAKEN_AT_A_TIME) {
            take({ ...NOTHING, [table.name]: page.slice(start, start + TAKEN_AT_A_TIME) });
            await setImmediate();
          }
        }
        await manager.query(`CLOSE "${table.name}"`);
      }
      return seen;
    }, CONSISTENT);
  }

  /** The pods that belong, or belonged, to a workload. */
  async podsOf(workloadUid: string): Promise<string[]> {
    return this.transactions.run(async (manager) => {
      const rows = await manager.query<{ uid: string }[]>(
        'SELECT pod_uid AS uid FROM pod_workloads WHERE workload_uid = $1 UNION SELECT uid FROM pods WHERE uid = $1',
        [workloadUid],
      );
      return rows.map(({ uid }) => uid);
    });
  }
}

async function takeSnapshot(manager: EntityManager): Promise<Snapshot> {
  const [seen] = await manager.query<Snapshot[]>(SNAPSHOT);
  if (seen === undefined) throw new Error('PostgreSQL gave no snapshot');
  return seen;
}

/** Adds what changed rows refer to, because the index may have forgotten it. */
async function complete(manager: EntityManager, rows: InventoryRows): Promise<InventoryRows> {
  const pods = new Set(rows.pods.map((pod) => pod.uid));
  const references = pods.size === 0 ? [] : await manager.query<PodWorkloadRow[]>(REFERENCES_OF_PODS, [[...pods]]);
  const podWorkloads = [...rows.podWorkloads, ...references];
  const uids = new Set(podWorkloads.map((reference) => reference.workloadUid));
  const workloads = uids.size === 0 ? [] : await manager.query<WorkloadRow[]>(WORKLOADS_BY_UID, [[...uids]]);
  return { ...rows, podWorkloads, workloads: [...rows.workloads, ...workloads] };
}
