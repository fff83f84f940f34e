import type { ListKey } from './page-cursor.js';
import { Parameters, stretchStatement, type Listing, type Query, type Stretch } from './listing.js';
import { IS_ITS_OWN_WORKLOAD, POD_STATES, statesOf } from './pod-reading.statements.js';
import { iso } from './times.js';
import type { WorkloadsQueryDto } from './workload-reading.dto.js';

/** Which workloads are listed. */
export type WorkloadFilter = Omit<WorkloadsQueryDto, 'limit' | 'cursor'>;

const STATES = { running: 't.removed_at IS NULL', ended: 't.removed_at IS NOT NULL' } as const;
const ORDER = ['namespace', 'name', 'uid'] as const;

const COLUMNS = `t.uid, t.name, t.namespace, t.kind, t.api_group, t.status, t.owner_uid, ${iso('t.created_at')},
  ${iso('t.removed_at', 'ended_at')}, t.sources, false AS is_pod`;

/** A pod that is its own workload, in the columns of a workload. */
const POD_COLUMNS = `t.uid, t.name, t.namespace, 'Pod' AS kind, '' AS api_group, t.phase AS status, NULL::text AS owner_uid,
  ${iso('t.started_at', 'created_at')}, ${iso('t.ended_at')}, t.sources, true AS is_pod`;

/** Whether pods that are their own workloads can be among the workloads wanted. */
export function includesPods({ kind, api_group, owner_uid, root }: WorkloadFilter): boolean {
  return kind === 'Pod' && (api_group ?? '') === '' && owner_uid === undefined && root !== false;
}

/** The first `limit` workloads of a stretch. */
export function workloadsStatement(filter: WorkloadFilter, stretch: Stretch, limit: number): Query {
  const parameters = new Parameters();
  const wanted = workloadConditions(filter, parameters);
  const node = filter.node === undefined ? undefined : parameters.add(filter.node);
  const parts = statesOf(filter.state).map((state) => ({
    select: `SELECT ${COLUMNS} FROM workloads t`,
    where: [STATES[state], ...wanted, ...(node === undefined ? [] : [runsOn(node, state)])],
  }));
  const pods = includesPods(filter) ? podParts(filter, parameters, POD_COLUMNS, [IS_ITS_OWN_WORKLOAD]) : [];
  return stretchStatement({ parts: [...parts, ...pods], order: ORDER, parameters }, stretch, limit);
}

/** The pod that is `count` pods further in the list, be they their own workloads or not; no row when there are fewer. */
export function podsAheadStatement(filter: WorkloadFilter, after: ListKey | undefined, count: number): Query {
  const parameters = new Parameters();
  const parts = podParts(filter, parameters, 't.namespace, t.name, t.uid', []);
  return stretchStatement({ parts, order: ORDER, parameters }, { after }, 1, count - 1);
}

function workloadConditions(filter: WorkloadFilter, parameters: Parameters): string[] {
  const { namespace, name, kind, api_group, owner_uid, root } = filter;
  const same = sameColumns({ kind, namespace, name, api_group, owner_uid }, parameters);
  return root === undefined ? same : [...same, `t.owner_uid IS ${root ? 'NULL' : 'NOT NULL'}`];
}

function podParts(
  filter: WorkloadFilter,
  parameters: Parameters,
  columns: string,
  more: readonly string[],
): Listing['parts'] {
  const { namespace, name, node } = filter;
  const same = sameColumns({ namespace, name, node_name: node }, parameters);
  return statesOf(filter.state).map((state) => ({
    select: `SELECT ${columns} FROM pods t`,
    where: [POD_STATES[state], ...same, ...more],
  }));
}

function sameColumns(wanted: Readonly<Record<string, string | undefined>>, parameters: Parameters): string[] {
  return Object.entries(wanted).flatMap(([column, value]) =>
    value === undefined ? [] : [`t.${column} = ${parameters.add(value)}`],
  );
}

/** A running workload is where its running pods are; one that has ended, where it had any. The pods are looked up first. */
function runsOn(node: string, state: 'running' | 'ended'): string {
  const pods = statesOf(state === 'running' ? state : 'all').map(
    (one) => `SELECT t.uid FROM pods t WHERE t.node_name = ${node} AND ${POD_STATES[one]}`,
  );
  return `t.uid = ANY (ARRAY(SELECT DISTINCT r.workload_uid FROM (${pods.join(' UNION ALL ')}) p
      JOIN pod_workloads r ON r.pod_uid = p.uid WHERE r.removed_at IS NULL))`;
}

/** `$1` uid: the workload, or the pod that is its own. */
export const WORKLOAD_BY_UID = `
SELECT ${COLUMNS} FROM workloads t WHERE t.uid = $1
UNION ALL
SELECT ${POD_COLUMNS} FROM pods t WHERE t.uid = $1 AND ${IS_ITS_OWN_WORKLOAD}
LIMIT 1`;

/**
 * The pods of workloads: `$1` UIDs of running ones, of which the pods count that have not ended, `$2` of ended ones, of which all
 * count, `$3` of pods that are their own workloads.
 */
const MEMBERS = `
SELECT r.workload_uid, r.pod_uid, false AS any_state FROM pod_workloads r
WHERE r.workload_uid = ANY ($1) AND r.removed_at IS NULL AND NOT r.pod_ended
UNION ALL
SELECT r.workload_uid, r.pod_uid, true FROM pod_workloads r WHERE r.workload_uid = ANY ($2) AND r.removed_at IS NULL
UNION ALL
SELECT uid, uid, true FROM unnest($3::text[]) AS own (uid)`;

/** How many pods the workloads have by phase, and when the first of them started. */
export const PODS_OF_WORKLOADS = `
SELECT m.workload_uid, coalesce(p.phase, 'Unknown') AS phase, count(*)::int AS pods, ${iso('min(p.started_at)', 'since')}
FROM (${MEMBERS}) m JOIN pods p ON p.uid = m.pod_uid
WHERE m.any_state OR p.ended_at IS NULL
GROUP BY 1, 2`;

/** How many devices the pods of workloads hold; one that several sources or pods of a workload claim counts once. */
export const DEVICES_OF_WORKLOADS = `
SELECT m.workload_uid, count(DISTINCT (b.node_name, b.device_class, b.key))::int AS devices
FROM (${MEMBERS}) m JOIN device_bindings b ON b.pod_uid = m.pod_uid
WHERE b.released_at IS NULL AND NOT b.withdrawn
GROUP BY 1`;

/** The same by node and kind; `$4` how many rows at most. */
export const DEVICES_BY_NODE = `
SELECT b.node_name, b.kind, count(DISTINCT b.key)::int AS count
FROM (${MEMBERS}) m JOIN device_bindings b ON b.pod_uid = m.pod_uid
WHERE b.released_at IS NULL AND NOT b.withdrawn
GROUP BY 1, 2 ORDER BY 1, 2 LIMIT $4`;

/** `$1` uid: the workloads above it, nearest first. A chain that the sources made a circle of ends where it would repeat. */
export const OWNERS_OF_WORKLOAD = `
WITH RECURSIVE chain AS (
  SELECT t.uid, t.owner_uid, 0 AS height FROM workloads t WHERE t.uid = $1
  UNION ALL
  SELECT t.uid, t.owner_uid, c.height + 1 FROM chain c JOIN workloads t ON t.uid = c.owner_uid WHERE c.height < 16
) CYCLE uid SET is_repeated USING path
SELECT ${COLUMNS} FROM chain c JOIN workloads t ON t.uid = c.uid
WHERE c.height > 0 AND NOT c.is_repeated ORDER BY c.height`;
