import type { InventoryRows } from '../core/inventory-rows.js';

const ms = (column: string, name: string): string => `(extract(epoch FROM t.${column}) * 1000)::float8 AS "${name}"`;

/** One table as the index wants it. */
interface TableReading {
  name: keyof InventoryRows;
  table: string;
  columns: string;
  /** Which rows a fresh index needs, given the oldest end that still counts as an expression. */
  relevant: (cutoff: string) => string;
}

/** Every table of the index, in the order in which a fresh one is built. Property names are those of the rows. */
export const TABLES: readonly TableReading[] = [
  {
    name: 'nodes',
    table: 'nodes',
    columns: `t.name, t.addresses, ${ms('removed_at', 'removedAt')}`,
    relevant: (cutoff) => `t.removed_at IS NULL OR t.removed_at >= ${cutoff}`,
  },
  {
    name: 'workloads',
    table: 'workloads',
    columns: `t.uid, t.name, t.namespace, t.kind, ${ms('removed_at', 'removedAt')}`,
    // A pod may outlive its workload by far; the index drops those that no pod refers to.
    relevant: () => 'true',
  },
  {
    name: 'pods',
    table: 'pods',
    columns: `t.uid, t.name, t.namespace, t.node_name AS "nodeName", t.pod_ip AS "podIp", ${ms('started_at', 'startedAt')},
      ${ms('ended_at', 'endedAt')}, t.owners_known AS "ownersKnown"`,
    relevant: (cutoff) => `t.ended_at IS NULL OR t.ended_at >= ${cutoff}`,
  },
  {
    name: 'podWorkloads',
    table: 'pod_workloads',
    columns: `t.pod_uid AS "podUid", t.workload_uid AS "workloadUid", ${ms('removed_at', 'removedAt')}`,
    relevant: (cutoff) => `t.removed_at IS NULL
      AND EXISTS (SELECT FROM pods p WHERE p.uid = t.pod_uid AND (p.ended_at IS NULL OR p.ended_at >= ${cutoff}))`,
  },
  {
    name: 'bindings',
    table: 'device_bindings',
    columns: `t.id, t.node_name AS node, t.kind, t.key, t.uuid, t.serial, t.pod_uid AS "podUid", ${ms('bound_at', 'boundAt')},
      ${ms('released_at', 'releasedAt')}, t.withdrawn, t.source = 'exporter' AS learned`,
    relevant: (cutoff) => `NOT t.withdrawn AND (t.released_at IS NULL OR t.released_at >= ${cutoff})`,
  },
];

/** A snapshot as text, and the oldest transaction it does not see. */
export const SNAPSHOT = `
SELECT s::text AS snapshot, pg_snapshot_xmin(s)::text AS horizon FROM pg_current_snapshot() AS s`;

/**
 * Rows that this snapshot shows and an earlier one did not: `$1` is the earlier one, `$2` its oldest unseen transaction, `$3`
 * how many rows at most. A transaction that was open then is not visible in it however early it began. Rows restored from another
 * cluster may bear transactions that have yet to come; they count as read.
 */
export function deltaStatement({ table, columns }: TableReading): string {
  return `SELECT ${columns} FROM ${table} t
WHERE t.changed_xid >= $2::xid8 AND t.changed_xid < pg_snapshot_xmax(pg_current_snapshot())
  AND NOT pg_visible_in_snapshot(t.changed_xid, $1::pg_snapshot)
LIMIT $3`;
}

/** All of it will be fetched, so the plan that has the first rows soonest is not the best one. */
export const PLAN_FOR_CURSORS = 'SET LOCAL cursor_tuple_fraction = 1';

/** Opens a cursor named as the rows that a fresh index needs of a table; `cutoff` (ms) is the oldest end that counts. */
export function cursorStatement({ name, table, columns, relevant }: TableReading, cutoff: number): string {
  const where = relevant(`to_timestamp(${cutoff / 1_000})`);
  return `DECLARE "${name}" NO SCROLL CURSOR FOR SELECT ${columns} FROM ${table} t WHERE ${where}`;
}

/** `$1` pod uids. An index that had forgotten a pod has forgotten its references too. */
export const REFERENCES_OF_PODS = `
SELECT t.pod_uid AS "podUid", t.workload_uid AS "workloadUid", NULL::float8 AS "removedAt" FROM pod_workloads t
WHERE t.pod_uid = ANY($1) AND t.removed_at IS NULL`;

/** `$1` workload uids. */
export const WORKLOADS_BY_UID = `
SELECT t.uid, t.name, t.namespace, t.kind, ${ms('removed_at', 'removedAt')} FROM workloads t WHERE t.uid = ANY($1)`;
