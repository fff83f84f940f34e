import { keptByStronger, upsertStatement, withdrawStatement } from './upsert-statement.js';

/** The body's rows, staged in temporary tables that end with the transaction. Times arrive in ms since the epoch. */
export const STAGING = {
  nodes: 'name text, addresses text[], status text',
  workloads: 'uid text, name text, namespace text, kind text, api_group text, status text',
  pods: `uid text, name text, namespace text, node_name text, phase text, pod_ip text, host_network boolean,
    started_at float8, completed boolean`,
  references: 'pod_uid text, workload_uid text, path text',
  devices: `node_name text, kind text, key text, name text, uuid text, serial text, path text, slot text, pod_uid text,
    since float8`,
} as const;

export type StagedName = keyof typeof STAGING;

/** Creates an empty staging table. */
export function stageStatement(name: StagedName): string {
  return `CREATE TEMPORARY TABLE staged_${name} (${STAGING[name]}) ON COMMIT DROP`;
}

/** Fills a staging table from a JSON array of rows (`$1`). */
export function fillStatement(name: StagedName): string {
  return `INSERT INTO staged_${name} SELECT * FROM json_to_recordset($1::json) AS rows (${STAGING[name]})`;
}

/**
 * Right after the first bulk write the tables' statistics know nothing of it, and a nested loop over 100,000 rows on both sides
 * would take hours; a hash join is right for bodies of any size.
 */
export const PLAN_FOR_BULK = 'SET LOCAL enable_nestloop = off';

/** References to workloads that neither the body nor another source knows. */
export const UNKNOWN_WORKLOADS = `
SELECT r.path, r.workload_uid FROM staged_references r
WHERE NOT EXISTS (SELECT FROM staged_workloads w WHERE w.uid = r.workload_uid)
  AND NOT EXISTS (SELECT FROM workloads w WHERE w.uid = r.workload_uid AND array_remove(w.sources, 'inventory') <> '{}')
LIMIT $1`;

const SOURCE = 'inventory';

export const UPSERT_NODES = upsertStatement({
  table: 'nodes',
  key: ['name'],
  facts: ['addresses', 'status'],
  states: { removed_at: 'NULL::timestamptz' },
  source: SOURCE,
  from: '(SELECT *, NULL::timestamptz AS removed_at FROM staged_nodes) s',
});

export const UPSERT_WORKLOADS = upsertStatement({
  table: 'workloads',
  key: ['uid'],
  facts: ['name', 'namespace', 'kind', 'api_group', 'status'],
  states: { removed_at: 'NULL::timestamptz' },
  source: SOURCE,
  from: '(SELECT *, NULL::timestamptz AS removed_at FROM staged_workloads) s',
});

/** `$1` is now. A completed pod ends when that is first heard of; one that runs again lives. */
export const UPSERT_PODS = upsertStatement({
  table: 'pods',
  key: ['uid'],
  facts: ['name', 'namespace', 'node_name', 'phase', 'pod_ip', 'host_network', 'started_at'],
  states: {
    owners_known: 'true',
    ended_at: `CASE WHEN ${keptByStronger(SOURCE)} THEN t.ended_at
      WHEN excluded.ended_at IS NULL THEN NULL ELSE coalesce(t.ended_at, excluded.ended_at) END`,
  },
  source: SOURCE,
  from: `(SELECT uid, name, namespace, node_name, phase, pod_ip, host_network, to_timestamp(started_at / 1000) AS started_at,
    true AS owners_known, CASE WHEN completed THEN $1::timestamptz END AS ended_at FROM staged_pods) s`,
});

/** The only workload of a pod is its root; of several the body does not say which. */
export const UPSERT_REFERENCES = upsertStatement({
  table: 'pod_workloads',
  key: ['pod_uid', 'workload_uid'],
  facts: ['is_root'],
  states: { removed_at: 'NULL::timestamptz' },
  source: SOURCE,
  from: `(SELECT pod_uid, workload_uid, NULL::timestamptz AS removed_at,
    CASE WHEN count(*) OVER (PARTITION BY pod_uid) = 1 THEN true END AS is_root FROM staged_references) s`,
});

export const WITHDRAW_NODES = withdrawStatement({
  table: 'nodes',
  ended: 'removed_at',
  source: SOURCE,
  where: 'NOT EXISTS (SELECT FROM staged_nodes s WHERE s.name = t.name)',
});

export const WITHDRAW_WORKLOADS = withdrawStatement({
  table: 'workloads',
  ended: 'removed_at',
  source: SOURCE,
  where: 'NOT EXISTS (SELECT FROM staged_workloads s WHERE s.uid = t.uid)',
});

export const WITHDRAW_PODS = withdrawStatement({
  table: 'pods',
  ended: 'ended_at',
  source: SOURCE,
  where: 'NOT EXISTS (SELECT FROM staged_pods s WHERE s.uid = t.uid)',
});

/** A pod that ended keeps its references, because samples that arrive late still belong to its workloads. */
export const WITHDRAW_REFERENCES = withdrawStatement({
  table: 'pod_workloads',
  ended: 'removed_at',
  source: SOURCE,
  where: `NOT EXISTS (SELECT FROM staged_references s WHERE s.pod_uid = t.pod_uid AND s.workload_uid = t.workload_uid)
    AND (EXISTS (SELECT FROM staged_pods s WHERE s.uid = t.pod_uid)
      OR EXISTS (SELECT FROM pods p WHERE p.uid = t.pod_uid AND p.ended_at IS NULL))`,
});

const SAME_DEVICE = 'b.node_name = d.node_name AND b.device_class = d.device_class AND b.key = d.key';
const STAGED_DEVICES = `(SELECT *, CASE kind WHEN 'infiniband' THEN 'rdma' ELSE kind END AS device_class FROM staged_devices) d`;
const HELD = 'b.released_at IS NULL AND NOT b.withdrawn';

/** `$1` is now. Ends what the body does not say any more. */
export const RELEASE_DEVICES = `
UPDATE device_bindings b SET released_at = greatest($1, b.bound_at), changed_xid = pg_current_xact_id()
WHERE ${HELD} AND b.source = 'inventory'
  AND NOT EXISTS (SELECT FROM ${STAGED_DEVICES} WHERE ${SAME_DEVICE} AND d.pod_uid = b.pod_uid)`;

/** `$1` is now. Ends everything that ended pods hold, whoever said so. */
export const RELEASE_DEVICES_OF_ENDED_PODS = `
UPDATE device_bindings b SET released_at = greatest($1, b.bound_at), changed_xid = pg_current_xact_id()
WHERE ${HELD} AND EXISTS (SELECT FROM pods p WHERE p.uid = b.pod_uid AND p.ended_at IS NOT NULL)`;

/** What is said about devices that stay with their pods. */
export const UPDATE_DEVICES = `
UPDATE device_bindings b SET kind = d.kind, name = d.name, uuid = d.uuid, serial = d.serial, path = d.path, slot = d.slot,
  changed_xid = pg_current_xact_id()
FROM ${STAGED_DEVICES}
WHERE ${HELD} AND b.source = 'inventory' AND ${SAME_DEVICE} AND b.pod_uid = d.pod_uid
  AND (b.kind, b.name, b.uuid, b.serial, b.path, b.slot) IS DISTINCT FROM (d.kind, d.name, d.uuid, d.serial, d.path, d.slot)`;

/**
 * New holders, `$1` is now. Unless the body says since when: the first that a device is known to have had counts as its holder
 * always, a later one from now on. A pod that a stronger source has ended holds nothing, whatever the body says.
 */
export const BIND_DEVICES = `
INSERT INTO device_bindings (node_name, kind, key, name, uuid, serial, path, slot, pod_uid, source, bound_at)
SELECT d.node_name, d.kind, d.key, d.name, d.uuid, d.serial, d.path, d.slot, d.pod_uid, 'inventory',
  CASE WHEN d.since IS NOT NULL THEN to_timestamp(d.since / 1000)
    WHEN EXISTS (SELECT FROM device_bindings b WHERE ${SAME_DEVICE} AND NOT b.withdrawn
      AND NOT (b.released_at IS NULL AND b.pod_uid IS NOT DISTINCT FROM d.pod_uid)) THEN $1::timestamptz END
FROM ${STAGED_DEVICES}
WHERE NOT EXISTS (SELECT FROM device_bindings b
  WHERE ${HELD} AND b.source = 'inventory' AND ${SAME_DEVICE} AND b.pod_uid = d.pod_uid)
  AND NOT EXISTS (SELECT FROM pods p WHERE p.uid = d.pod_uid AND p.ended_at IS NOT NULL)
ORDER BY d.node_name, d.device_class, d.key, d.pod_uid`;
