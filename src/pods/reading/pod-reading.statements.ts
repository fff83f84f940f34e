import type { ListKey } from './page-cursor.js';
import { Parameters, stretchStatement, type Listing, type Query } from './listing.js';
import type { PodsQueryDto } from './pod-reading.dto.js';
import { iso } from './times.js';

/** Which pods are listed. */
export type PodFilter = Omit<PodsQueryDto, 'limit' | 'cursor'>;

/** Conditions on `pods t` for each state; “all” is the union of both, since each has indexes of its own. */
export const POD_STATES = { running: 't.ended_at IS NULL', ended: 't.ended_at IS NOT NULL' } as const;

/** The states that a list is the union of. */
export function statesOf(state: 'running' | 'ended' | 'all'): readonly ('running' | 'ended')[] {
  return state === 'all' ? ['running', 'ended'] : [state];
}

/** A pod whose owners are known to be none. References to workloads that nobody has told of do not count. */
export const IS_ITS_OWN_WORKLOAD = `t.owners_known AND NOT EXISTS (SELECT FROM pod_workloads r
  JOIN workloads w ON w.uid = r.workload_uid WHERE r.pod_uid = t.uid AND r.removed_at IS NULL)`;

const COLUMNS = `t.uid, t.name, t.namespace, t.node_name, t.phase, t.pod_ip, t.host_network, t.owners_known,
  ${iso('t.started_at')}, ${iso('t.ended_at')}, t.sources`;

/** The first `limit` pods after a key. */
export function podsStatement(filter: PodFilter, after: ListKey | undefined, limit: number): Query {
  const parameters = new Parameters();
  const same = sameColumns(filter, parameters);
  const uid = filter.workload_uid === undefined ? undefined : parameters.add(filter.workload_uid);
  const kind = filter.device_kind === undefined ? undefined : parameters.add(filter.device_kind);
  // Few pods have a given name or are on a given node: each of them is asked. Else those that qualify are looked up first.
  const isNarrow = filter.name !== undefined || filter.node !== undefined;
  const listing: Listing = {
    parts: statesOf(filter.state).map((state) => ({
      select: `SELECT ${COLUMNS} FROM pods t`,
      where: [
        POD_STATES[state],
        ...same,
        ...(kind === undefined ? [] : [holdsDevice(kind, state, isNarrow)]),
        ...(uid === undefined ? [] : [belongsTo(uid, state, isNarrow)]),
      ],
    })),
    order: ['namespace', 'name', 'uid'],
    parameters,
  };
  return stretchStatement(listing, { after }, limit);
}

function sameColumns(filter: PodFilter, parameters: Parameters): string[] {
  const wanted = { namespace: filter.namespace, node_name: filter.node, phase: filter.phase, name: filter.name };
  return Object.entries(wanted).flatMap(([column, value]) =>
    value === undefined ? [] : [`t.${column} = ${parameters.add(value)}`],
  );
}

/**
 * As a join the planner would rather walk the list in its order, which takes for ever when the workload's pods, all of one
 * namespace, stand at its end.
 */
function belongsTo(uid: string, state: 'running' | 'ended', isNarrow: boolean): string {
  const isItself = `t.uid = ${uid} AND ${IS_ITS_OWN_WORKLOAD}`;
  const reference = `r.workload_uid = ${uid} AND r.removed_at IS NULL`;
  if (isNarrow)
    return `(EXISTS (SELECT FROM pod_workloads r WHERE r.pod_uid = t.uid AND ${reference}) OR (${isItself}))`;
  const onlyRunning = state === 'running' ? 'AND NOT r.pod_ended' : '';
  return `t.uid = ANY (ARRAY(SELECT r.pod_uid FROM pod_workloads r WHERE ${reference} ${onlyRunning}
      UNION ALL SELECT ${uid}::text)) AND (t.uid <> ${uid} OR (${isItself}))`;
}

/** Ended pods hold nothing. Of running ones there are no more holders than devices. */
function holdsDevice(kind: string, state: 'running' | 'ended', isNarrow: boolean): string {
  if (state === 'ended') return `${kind}::text IS NULL`;
  const held = `b.kind = ${kind} AND b.released_at IS NULL AND NOT b.withdrawn`;
  return isNarrow
    ? `EXISTS (SELECT FROM device_bindings b WHERE b.pod_uid = t.uid AND ${held})`
    : `t.uid = ANY (ARRAY(SELECT DISTINCT b.pod_uid FROM device_bindings b WHERE ${held} AND b.pod_uid IS NOT NULL))`;
}

/** `$1` uid. */
export const POD_BY_UID = `SELECT ${COLUMNS} FROM pods t WHERE t.uid = $1`;

/** `$1` uids: what makes pods without owners workloads. */
export const BARE_PODS = `
SELECT t.uid, t.name, t.namespace, t.phase, t.owners_known, ${iso('t.started_at')}, ${iso('t.ended_at')}
FROM pods t WHERE t.uid = ANY ($1)`;

/** `$1` pod uids; nearest workload first, as far as the order is known. */
export const WORKLOADS_OF_PODS = `
SELECT r.pod_uid, w.uid, w.name, w.namespace, w.kind, w.api_group, coalesce(r.is_root, w.owner_uid IS NULL) AS root, r.depth,
  w.owner_uid, w.status, ${iso('w.created_at')}, ${iso('w.removed_at', 'ended_at')}
FROM pod_workloads r JOIN workloads w ON w.uid = r.workload_uid
WHERE r.pod_uid = ANY ($1) AND r.removed_at IS NULL
ORDER BY r.depth NULLS LAST, root, w.name, w.uid`;

const BINDING = `b.kind, b.key, b.name, b.uuid, b.serial, b.node_name, b.container_id, ${iso('b.bound_at', 'since')},
  ${iso('b.released_at', 'until')}, ${iso('b.seen_at')}, b.source`;

/** `$1` pod uids. */
export const DEVICES_OF_PODS = `
SELECT b.pod_uid, ${BINDING} FROM device_bindings b
WHERE b.pod_uid = ANY ($1) AND b.released_at IS NULL AND NOT b.withdrawn
ORDER BY b.device_class, length(b.key), b.key, b.source`;

/** `$1` pod uid, `$2` how many at most; the latest first. */
export const RELEASED_DEVICES = `
SELECT b.pod_uid, ${BINDING} FROM device_bindings b
WHERE b.pod_uid = $1 AND b.released_at IS NOT NULL AND NOT b.withdrawn
ORDER BY b.released_at DESC, b.device_class, length(b.key), b.key, b.id LIMIT $2`;

/** `$1` pod uid, `$2` how many at most; the latest first. */
export const CONTAINERS_OF_POD = `
SELECT c.id, c.name, c.status, c.phase, c.exit_code, c.oom_killed, ${iso('c.created_at')}, ${iso('c.started_at')},
  ${iso('c.exited_at')}, ${iso('c.last_event_at')}
FROM containers c WHERE c.pod_uid = $1
ORDER BY coalesce(c.started_at, c.created_at, c.last_event_at) DESC NULLS LAST, c.id LIMIT $2`;
