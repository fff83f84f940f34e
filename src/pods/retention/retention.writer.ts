import { Injectable } from '@nestjs/common';
import { Transactions } from '../../database/transactions.js';

const TOMBSTONES = [
  ['device_bindings', 'id', 't.released_at < $1'],
  [
    'pod_workloads',
    '(pod_uid, workload_uid)',
    // A pod may have been given references between their deletion and its own.
    't.removed_at < $1 OR NOT EXISTS (SELECT FROM pods p WHERE p.uid = t.pod_uid AND (p.ended_at IS NULL OR p.ended_at >= $1))',
  ],
  ['pods', 'uid', 't.ended_at < $1'],
  [
    'workloads',
    'uid',
    `t.removed_at < $1
      AND NOT EXISTS (SELECT FROM pod_workloads r WHERE r.workload_uid = t.uid AND r.removed_at IS NULL)`,
  ],
  ['containers', 'id', "t.phase IN ('exited', 'deleted') AND t.exited_at < $1"],
  ['nodes', 'name', 't.removed_at < $1'],
] as const;

/** Nodes that only container events told of, once their last container is forgotten. */
const WITHDRAW_SILENT_NODES = `
UPDATE nodes t SET sources = '{}', removed_at = coalesce(t.removed_at, $1), changed_xid = pg_current_xact_id()
WHERE t.sources = '{container_event}' AND NOT EXISTS (SELECT FROM containers c WHERE c.node_name = t.name)`;

/** Deletes what ended long ago. */
@Injectable()
export class RetentionWriter {
  constructor(private readonly transactions: Transactions) {}

  /**
   * Deletes what ended before `cutoff` (ms), in batches, each a transaction of its own, so that no writer waits long. Rows
   * that another replica is deleting are skipped. Returns how many rows were deleted.
   */
  async deleteBefore(cutoff: number, now: number, batchSize: number): Promise<number> {
    let total = 0;
    for (const [table, key, ended] of TOMBSTONES) {
      const statement = `WITH deleted AS (
          DELETE FROM ${table} WHERE ${key} IN (
            SELECT ${key.replace(/[()]/g, '')} FROM ${table} t WHERE ${ended} LIMIT $2 FOR UPDATE SKIP LOCKED)
          RETURNING 1)
        SELECT count(*) FROM deleted`;
      for (let deleted = batchSize; deleted === batchSize; total += deleted) {
        deleted = await this.transactions.run(async (manager) => {
          const rows = await manager.query<{ count: string }[]>(statement, [new Date(cutoff), batchSize]);
          return Number(rows[0]?.count);
        });
      }
    }
    await this.transactions.run((manager) => manager.query(WITHDRAW_SILENT_NODES, [new Date(now)]));
    return total;
  }
}
