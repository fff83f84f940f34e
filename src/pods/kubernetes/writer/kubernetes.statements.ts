import { upsertStatement, withdrawStatement } from '../../inventory/upsert-statement.js';

const SOURCE = 'kubernetes';
const VOUCHED = `'${SOURCE}' = ANY(t.sources)`;

/**
 * `$1` is `off` where a few rows are changed and all of them are found by indexes, whatever the planner takes the number of rows
 * for: until the statistics know a large table, it would rather read all of that. `on` where whole lists are compared.
 */
export const PLAN_FOR_BULK = `SELECT set_config('enable_seqscan', $1, true), set_config('enable_hashjoin', $1, true),
  set_config('enable_mergejoin', $1, true)`;

interface ChangedRows {
  table: string;
  key: readonly string[];
  /** What the statement brings besides the key. */
  columns: readonly string[];
  /** `FROM …` with the new rows. */
  from: string;
}

/**
 * The new rows without those that the table has already: an upsert locks, and so writes, every row that it finds, and after a
 * full list nearly all of them are as they were. Nobody else changes what this source says, so looking first misses nothing.
 */
function changedRows({ table, key, columns, from }: ChangedRows): string {
  const list = (alias: string): string => columns.map((column) => `${alias}.${column}`).join(', ');
  return `(SELECT s.* FROM ${from} s WHERE NOT EXISTS (SELECT FROM ${table} t
    WHERE ${key.map((column) => `t.${column} = s.${column}`).join(' AND ')} AND ${VOUCHED}
      AND (${list('t')}) IS NOT DISTINCT FROM (${list('s')}))) s`;
}

const NODE_FACTS = ['addresses', 'status'];

/** `$1` rows. */
export const UPSERT_NODES = upsertStatement({
  table: 'nodes',
  key: ['name'],
  facts: NODE_FACTS,
  states: { removed_at: 'NULL::timestamptz' },
  source: SOURCE,
  from: changedRows({
    table: 'nodes',
    key: ['name'],
    columns: [...NODE_FACTS, 'removed_at'],
    from: `(SELECT *, NULL::timestamptz AS removed_at
      FROM json_to_recordset($1::json) AS rows (name text, addresses text[], status text))`,
  }),
});

/** What is left of a node's sources when it is gone: containers are no proof of a node, unless they are heard of later. */
const NODE_REST = `array_remove(array_remove(t.sources, '${SOURCE}'), 'container_event')`;

function withdrawNodes(where: string): string {
  return `
UPDATE nodes AS t SET sources = ${NODE_REST},
  removed_at = CASE WHEN ${NODE_REST} = '{}' THEN coalesce(t.removed_at, $1) ELSE t.removed_at END,
  changed_xid = pg_current_xact_id()
WHERE ${VOUCHED} AND ${where}`;
}

/** `$1` now, `$2` names. */
export const WITHDRAW_NODES = withdrawNodes('t.name = ANY($2)');

/** `$1` now, `$2` the names there are. */
export const WITHDRAW_MISSING_NODES = withdrawNodes(
  'NOT EXISTS (SELECT FROM unnest($2::text[]) AS present (name) WHERE present.name = t.name)',
);

const POD_FACTS = ['name', 'namespace', 'node_name', 'phase', 'pod_ip', 'host_network', 'started_at'];

/**
 * `$1` rows, `$2` now. Kubernetes says when a pod ended; what was known before stands in for that. A pod seen alive lives,
 * whatever ended it.
 */
export const UPSERT_PODS = upsertStatement({
  table: 'pods',
  key: ['uid'],
  facts: POD_FACTS,
  states: { owners_known: 't.owners_known OR excluded.owners_known', ended_at: 'excluded.ended_at' },
  source: SOURCE,
  from: changedRows({
    table: 'pods',
    key: ['uid'],
    columns: [...POD_FACTS, 'owners_known', 'ended_at'],
    from: `(SELECT r.uid, r.name, r.namespace, r.node_name, r.phase, r.pod_ip, r.host_network,
      to_timestamp(r.started_at / 1000) AS started_at, r.owners_known OR coalesce(p.owners_known, false) AS owners_known,
      CASE WHEN r.is_ended THEN coalesce(to_timestamp(r.completed_at / 1000), p.ended_at,
        to_timestamp(r.gone_at / 1000), $2::timestamptz) END AS ended_at
      FROM json_to_recordset($1::json) AS r (uid text, name text, namespace text, node_name text, phase text, pod_ip text,
        host_network boolean, started_at float8, owners_known boolean, is_ended boolean, completed_at float8, gone_at float8)
      LEFT JOIN pods p ON p.uid = r.uid)`,
  }),
});

/**
 * `$1` rows with `uid` and `ended_at`. Kubernetes joins the sources if it is not among them, and stays there: it vouches for
 * the end, which no weaker source may take back.
 */
export const END_PODS = `
UPDATE pods AS t SET ended_at = coalesce(t.ended_at, to_timestamp(r.ended_at / 1000)),
  sources = CASE WHEN ${VOUCHED} THEN t.sources ELSE t.sources || '${SOURCE}'::text END,
  changed_xid = pg_current_xact_id()
FROM json_to_recordset($1::json) AS r (uid text, ended_at float8)
WHERE t.uid = r.uid AND (t.ended_at IS NULL OR NOT ${VOUCHED})`;

function endPodsWhere(where: string): string {
  return `
UPDATE pods AS t SET ended_at = $1, changed_xid = pg_current_xact_id()
WHERE t.ended_at IS NULL AND ${VOUCHED} AND ${where}`;
}

/** `$1` now, `$2` the uids there are, `$3` the namespace they are of; null for all. */
export const END_MISSING_PODS = endPodsWhere(`($3::text IS NULL OR t.namespace = $3)
  AND NOT EXISTS (SELECT FROM unnest($2::text[]) AS present (uid) WHERE present.uid = t.uid)`);

/** `$1` now, `$2` the namespaces that are watched. */
export const END_UNWATCHED_PODS = endPodsWhere('t.namespace <> ALL($2::text[])');

/** `$1` uids. Ends everything that ended pods hold, whoever said so. */
export const RELEASE_DEVICES = `
UPDATE device_bindings b SET released_at = greatest(p.ended_at, b.bound_at), changed_xid = pg_current_xact_id()
FROM pods p
WHERE b.pod_uid = ANY($1::text[]) AND b.released_at IS NULL AND NOT b.withdrawn
  AND p.uid = b.pod_uid AND p.ended_at IS NOT NULL`;

/** `$1` uids. Notes with the references whether their pods have ended. Caches know that from the pods. */
export const MARK_REFERENCES = `
UPDATE pod_workloads AS t SET pod_ended = (p.ended_at IS NOT NULL)
FROM pods p
WHERE t.pod_uid = ANY($1::text[]) AND t.removed_at IS NULL
  AND p.uid = t.pod_uid AND t.pod_ended <> (p.ended_at IS NOT NULL)`;

/** What `MARK_REFERENCES` tells of the references that it changes. */
export const MARKED = `workload_uid, pod_ended, ${VOUCHED} AS vouched`;

/** `$1` uids. Ended pods whose workloads are known keep them: what comes later is what is left of the owners. */
export const PODS_OF_CHAINS = `
SELECT p.uid, p.ended_at IS NOT NULL AS ended, p.ended_at IS NULL OR NOT EXISTS (
    SELECT FROM pod_workloads t WHERE t.pod_uid = p.uid AND ${VOUCHED}) AS open
FROM pods p WHERE p.uid = ANY($1::text[])`;

/** `$1` uids. */
export const NOTE_KNOWN_OWNERS = `
UPDATE pods AS t SET owners_known = true, changed_xid = pg_current_xact_id()
WHERE t.uid = ANY($1::text[]) AND NOT t.owners_known`;

const WORKLOAD_FACTS = ['name', 'namespace', 'kind', 'api_group', 'owner_uid'];
const WORKLOAD_ROWS = `(SELECT uid, name, namespace, kind, api_group, owner_uid,
  to_timestamp(created_at / 1000) AS created_at, NULL::timestamptz AS removed_at
  FROM json_to_recordset($1::json) AS rows (uid text, name text, namespace text, kind text, api_group text, owner_uid text,
    created_at float8))`;

/** `$1` rows of workloads that live pods belong to. */
export const UPSERT_WORKLOADS = upsertStatement({
  table: 'workloads',
  key: ['uid'],
  facts: WORKLOAD_FACTS,
  states: { created_at: 'coalesce(excluded.created_at, t.created_at)', removed_at: 'NULL::timestamptz' },
  source: SOURCE,
  from: changedRows({
    table: 'workloads',
    key: ['uid'],
    columns: [...WORKLOAD_FACTS, 'created_at', 'removed_at'],
    from: WORKLOAD_ROWS,
  }),
});

/** `$1` rows of workloads that only ended pods belong to, `$2` now. */
export const INSERT_ENDED_WORKLOADS = `
INSERT INTO workloads (uid, ${WORKLOAD_FACTS.join(', ')}, created_at, sources, removed_at)
SELECT uid, ${WORKLOAD_FACTS.join(', ')}, created_at, '{}', $2 FROM ${WORKLOAD_ROWS} s ORDER BY uid
ON CONFLICT (uid) DO NOTHING`;

const REFERENCE_FACTS = ['depth', 'is_root'];

/** `$1` rows. */
export const UPSERT_REFERENCES = upsertStatement({
  table: 'pod_workloads',
  key: ['pod_uid', 'workload_uid'],
  facts: REFERENCE_FACTS,
  states: { removed_at: 'NULL::timestamptz', pod_ended: 'excluded.pod_ended' },
  source: SOURCE,
  from: changedRows({
    table: 'pod_workloads',
    key: ['pod_uid', 'workload_uid'],
    columns: [...REFERENCE_FACTS, 'removed_at', 'pod_ended'],
    from: `(SELECT *, NULL::timestamptz AS removed_at FROM json_to_recordset($1::json)
      AS rows (pod_uid text, workload_uid text, depth smallint, is_root boolean, pod_ended boolean))`,
  }),
});

const REFERENCE_REST = `array_remove(t.sources, '${SOURCE}')`;

/**
 * `$1` now, `$2` uids of pods, `$3` rows of what they refer to. A place in a chain goes with the chain. `NOT IN` is looked up in
 * a hash table, which needs no guess of how many rows there are.
 */
export const WITHDRAW_REFERENCES = `
UPDATE pod_workloads AS t SET sources = ${REFERENCE_REST}, depth = NULL, is_root = NULL,
  removed_at = CASE WHEN ${REFERENCE_REST} = '{}' THEN coalesce(t.removed_at, $1) ELSE t.removed_at END,
  changed_xid = pg_current_xact_id()
WHERE t.pod_uid = ANY($2::text[]) AND ${VOUCHED} AND (t.pod_uid, t.workload_uid) NOT IN (
  SELECT pod_uid, workload_uid FROM json_to_recordset($3::json) AS rows (pod_uid text, workload_uid text))`;

/** `$1` uids of workloads that pods which live again belong to. */
export const REVIVE_WORKLOADS = `
UPDATE workloads AS t SET sources = t.sources || '${SOURCE}'::text, removed_at = NULL, changed_xid = pg_current_xact_id()
WHERE t.uid = ANY($1::text[]) AND NOT ${VOUCHED}`;

/**
 * `$1` now, `$2` uids of workloads that have lost a pod. `OFFSET 0` keeps the planner from joining whole tables for the sake
 * of a few workloads.
 */
export const WITHDRAW_WORKLOADS = withdrawStatement({
  table: 'workloads',
  ended: 'removed_at',
  source: SOURCE,
  where: `t.uid = ANY($2::text[]) AND NOT EXISTS (
    SELECT FROM pod_workloads r JOIN pods p ON p.uid = r.pod_uid
    WHERE r.workload_uid = t.uid AND r.removed_at IS NULL AND NOT r.pod_ended AND '${SOURCE}' = ANY(r.sources)
      AND p.ended_at IS NULL OFFSET 0)`,
});
