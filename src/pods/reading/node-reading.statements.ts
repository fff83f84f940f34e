import type { ListKey } from './page-cursor.js';
import { Parameters, stretchStatement, type Query } from './listing.js';
import type { NodesQueryDto } from './node-reading.dto.js';
import { iso } from './times.js';

/** Which nodes are listed. */
export type NodeFilter = Omit<NodesQueryDto, 'limit' | 'cursor'>;

const STATES = { present: ['t.removed_at IS NULL'], removed: ['t.removed_at IS NOT NULL'], all: [] } as const;
const COLUMNS = `t.name, t.addresses, t.status, ${iso('t.removed_at')}, t.sources`;

/** The first `limit` nodes after a key. There are few enough nodes for one index. */
export function nodesStatement(filter: NodeFilter, after: ListKey | undefined, limit: number): Query {
  const parameters = new Parameters();
  const where: string[] = [...STATES[filter.state]];
  if (filter.name !== undefined) where.push(`t.name = ${parameters.add(filter.name)}`);
  if (filter.status !== undefined) where.push(`t.status = ${parameters.add(filter.status)}`);
  const parts = [{ select: `SELECT ${COLUMNS} FROM nodes t`, where: where.length === 0 ? ['true'] : where }];
  return stretchStatement({ parts, order: ['name'], parameters }, { after }, limit);
}

/** `$1` name. */
export const NODE_BY_NAME = `SELECT ${COLUMNS} FROM nodes t WHERE t.name = $1`;

/** `$1` names: pods that have not ended. */
export const PODS_ON_NODES = `
SELECT p.node_name, count(*)::int AS pods FROM pods p WHERE p.ended_at IS NULL AND p.node_name = ANY ($1) GROUP BY 1`;

const HOLDING = `b.node_name, b.device_class, b.kind, b.key, b.name, b.uuid, b.serial, b.container_id,
  ${iso('b.bound_at', 'since')}, ${iso('b.released_at', 'until')}, ${iso('b.seen_at')}, b.source, b.pod_uid`;

/** `$1` names: who holds which device, devices in order. */
export const HOLDINGS_ON_NODES = `
SELECT ${HOLDING} FROM device_bindings b
WHERE b.node_name = ANY ($1) AND b.released_at IS NULL AND NOT b.withdrawn
ORDER BY b.node_name, b.device_class, length(b.key), b.key, b.source, b.id`;

/** `$1` name: devices that nobody holds, each with who held it last. */
export const IDLE_DEVICES_ON_NODE = `
SELECT * FROM (
  SELECT DISTINCT ON (b.device_class, b.key) ${HOLDING} FROM device_bindings b
  WHERE b.node_name = $1 AND NOT b.withdrawn
  ORDER BY b.device_class, b.key, b.released_at DESC NULLS FIRST, b.id DESC
) t WHERE t.until IS NOT NULL ORDER BY t.device_class, length(t.key), t.key`;
