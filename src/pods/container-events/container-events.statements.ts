import { keptByStronger, upsertStatement, withdrawStatement } from '../inventory/upsert-statement.js';

const SOURCE = 'container_event';
const ms = (column: string): string => `(extract(epoch FROM ${column}) * 1000)::float8 AS ${column}`;
const time = (column: string): string => `to_timestamp(${column} / 1000) AS ${column}`;

/** `$1` ids. Makes rows to lock, so that two events of a container that nobody knows yet wait for each other. */
export const ENSURE_CONTAINERS = `
INSERT INTO containers (id) SELECT id FROM unnest($1::text[]) AS id ORDER BY id ON CONFLICT (id) DO NOTHING`;

/** `$1` ids. */
export const LOCK_CONTAINERS = `
SELECT id, runtime, node_name, pod_uid, pod_name, pod_namespace, name, status, phase, ${ms('created_at')}, ${ms('started_at')},
  exit_code, ${ms('exited_at')}, oom_killed, ${ms('last_event_at')}
FROM containers WHERE id = ANY($1) ORDER BY id FOR UPDATE`;

/** `$1` ids. What the containers hold now. */
export const OPEN_BINDINGS = `
SELECT id, container_id, kind, key, name, uuid, serial, path, slot, ${ms('bound_at')} FROM device_bindings
WHERE container_id = ANY($1) AND released_at IS NULL AND NOT withdrawn AND source = '${SOURCE}'`;

const CONTAINER_ROWS = `json_to_recordset($1::json) AS rows (id text, runtime text, node_name text, pod_uid text, pod_name text,
  pod_namespace text, name text, status text, phase text, created_at float8, started_at float8, exit_code integer,
  exited_at float8, oom_killed boolean, last_event_at float8)`;

/** `$1` rows. */
export const UPDATE_CONTAINERS = `
UPDATE containers c SET runtime = n.runtime, node_name = n.node_name, pod_uid = n.pod_uid, pod_name = n.pod_name,
  pod_namespace = n.pod_namespace, name = n.name, status = n.status, phase = n.phase, created_at = n.created_at,
  started_at = n.started_at, exit_code = n.exit_code, exited_at = n.exited_at, oom_killed = n.oom_killed,
  last_event_at = n.last_event_at
FROM (SELECT id, runtime, node_name, pod_uid, pod_name, pod_namespace, name, status, phase, ${time('created_at')},
  ${time('started_at')}, exit_code, ${time('exited_at')}, oom_killed, ${time('last_event_at')} FROM ${CONTAINER_ROWS}) n
WHERE c.id = n.id`;

/** `$1` names. */
export const UPSERT_NODES = upsertStatement({
  table: 'nodes',
  key: ['name'],
  facts: [],
  states: { removed_at: 'NULL::timestamptz' },
  source: SOURCE,
  from: '(SELECT name, NULL::timestamptz AS removed_at FROM unnest($1::text[]) AS name) s',
});

const POD_ROWS = `(SELECT uid, min(name) AS name, min(namespace) AS namespace, min(node_name) AS node_name,
  to_timestamp(min(started_at) / 1000) AS started_at, to_timestamp(max(ended_at) / 1000) AS ended_at, false AS owners_known
  FROM json_to_recordset($1::json)
    AS rows (uid text, name text, namespace text, node_name text, started_at float8, ended_at float8) GROUP BY uid) s`;

/** `$1` rows of pods that have a container. A pod lives as long as one of its containers, unless others know better. */
export const UPSERT_PODS = upsertStatement({
  table: 'pods',
  key: ['uid'],
  facts: ['name', 'namespace', 'node_name'],
  states: {
    owners_known: 't.owners_known OR excluded.owners_known',
    started_at: `CASE WHEN ${keptByStronger(SOURCE)} THEN t.started_at ELSE least(t.started_at, excluded.started_at) END`,
    ended_at: `CASE WHEN ${keptByStronger(SOURCE)} THEN t.ended_at END`,
  },
  source: SOURCE,
  from: POD_ROWS,
});

/** `$1` rows of pods that are heard of for the first time when a container of theirs has ended. */
export const INSERT_ENDED_PODS = `
INSERT INTO pods (uid, name, namespace, node_name, started_at, ended_at, owners_known, sources)
SELECT uid, name, namespace, node_name, started_at, ended_at, owners_known, '{}' FROM ${POD_ROWS} ORDER BY uid
ON CONFLICT (uid) DO NOTHING`;

/** `$1` uids. Whoever ends the last container of a pod has to see that the others have ended. */
export const LOCK_PODS = 'SELECT uid FROM pods WHERE uid = ANY($1) ORDER BY uid FOR UPDATE';

/** `$1` now, `$2` uids. */
export const END_PODS = withdrawStatement({
  table: 'pods',
  ended: 'ended_at',
  source: SOURCE,
  where: `t.uid = ANY($2)
    AND NOT EXISTS (SELECT FROM containers c WHERE c.pod_uid = t.uid AND c.phase IN ('created', 'running'))`,
  at: '(SELECT max(c.exited_at) FROM containers c WHERE c.pod_uid = t.uid), $1',
});

/** `$1` rows. Containers whose pod has become known pass it on to what they hold and held. */
export const ADOPT_BINDINGS = `
UPDATE device_bindings b SET pod_uid = c.pod_uid, changed_xid = pg_current_xact_id()
FROM containers c WHERE c.id = ANY($1) AND b.container_id = c.id AND b.source = '${SOURCE}' AND b.pod_uid IS DISTINCT FROM c.pod_uid`;

/** `$1` rows. */
export const RELEASE_BINDINGS = `
UPDATE device_bindings b SET released_at = to_timestamp(r.released_at / 1000), changed_xid = pg_current_xact_id()
FROM json_to_recordset($1::json) AS r (id bigint, released_at float8)
WHERE b.id = r.id`;

const SAME_DEVICE = `b.key = d.key AND NOT b.withdrawn
  AND b.device_class = CASE d.kind WHEN 'infiniband' THEN 'rdma' ELSE d.kind END`;
const BOUND_AT = `CASE WHEN d.bound_at IS NOT NULL THEN to_timestamp(d.bound_at / 1000)
    WHEN EXISTS (SELECT FROM device_bindings b WHERE b.node_name = d.node_name AND ${SAME_DEVICE}
      AND NOT (b.released_at IS NULL AND coalesce(b.pod_uid, b.container_id) = coalesce(d.pod_uid, d.container_id)))
    THEN $2::timestamptz END`;

/**
 * `$1` rows, `$2` now. A start that nobody stated is unknown for the first holder of a device and now for a later one. A pod that
 * stronger sources have ended (`t`) held its devices until then, and a container that is told of late or again adds nothing
 * to that.
 */
export const INSERT_BINDINGS = `
INSERT INTO device_bindings
  (node_name, kind, key, name, uuid, serial, path, slot, pod_uid, container_id, source, bound_at, released_at)
SELECT d.node_name, d.kind, d.key, d.name, d.uuid, d.serial, d.path, d.slot, d.pod_uid, d.container_id, '${SOURCE}',
  ${BOUND_AT}, least(to_timestamp(d.released_at / 1000), CASE WHEN t.uid IS NOT NULL THEN greatest(t.ended_at, ${BOUND_AT}) END)
FROM json_to_recordset($1::json) AS d (node_name text, kind text, key text, name text, uuid text, serial text, path text,
  slot text, pod_uid text, container_id text, bound_at float8, released_at float8)
LEFT JOIN pods t ON t.uid = d.pod_uid AND t.ended_at IS NOT NULL AND ${keptByStronger(SOURCE)}
WHERE t.uid IS NULL OR NOT EXISTS (SELECT FROM device_bindings b
  WHERE b.container_id = d.container_id AND b.source = '${SOURCE}' AND ${SAME_DEVICE})
ORDER BY d.node_name, d.kind, d.key, d.container_id`;

/** `$1` pod uids. A pod whose owners are known to be none is its own workload. */
export const WORKLOADS_OF_PODS = `
SELECT pod_uid, workload_uid FROM pod_workloads WHERE pod_uid = ANY($1) AND removed_at IS NULL
UNION ALL
SELECT p.uid, p.uid FROM pods p WHERE p.uid = ANY($1) AND p.owners_known
  AND NOT EXISTS (SELECT FROM pod_workloads r WHERE r.pod_uid = p.uid AND r.removed_at IS NULL)`;
