const SOURCE = 'exporter';
const HELD = 'b.released_at IS NULL AND NOT b.withdrawn';
const LEARNED = `b.source = '${SOURCE}' AND ${HELD}`;
const CHANGED = 'changed_xid = pg_current_xact_id()';

const ROWS = `(SELECT node, kind, CASE kind WHEN 'infiniband' THEN 'rdma' ELSE kind END AS device_class, key, uuid, serial,
    "podUid" AS pod_uid, to_timestamp(first / 1000) AS first, to_timestamp(last / 1000) AS last
  FROM json_to_recordset($1::json)
    AS s (node text, kind text, key text, uuid text, serial text, "podUid" text, first float8, last float8)) r`;
const SAME_DEVICE = (a: string, b: string): string =>
  `${a}.node_name = ${b}.node_name AND ${a}.device_class = ${b}.device_class AND ${a}.key = ${b}.key`;
const OF_ROW = 'b.node_name = r.node AND b.device_class = r.device_class AND b.key = r.key AND b.pod_uid = r.pod_uid';

/** The rows of `b` that a condition picks, locked in one order, so that two writers do not deadlock. */
function locked(from: string, columns = 'b.id'): string {
  return `(SELECT ${columns} FROM ${from} ORDER BY b.id FOR NO KEY UPDATE OF b) p`;
}

/** `$1` rows. Who is seen again: caches do not read when. */
export const RENEW = `
UPDATE device_bindings b SET seen_at = greatest(b.seen_at, p.last)
FROM ${locked(`device_bindings b JOIN ${ROWS} ON ${OF_ROW} WHERE ${LEARNED} AND b.seen_at < r.last`, 'b.id, r.last')}
WHERE b.id = p.id`;

/** `$1` rows. By what else the devices are known, in bindings that stand. */
export const IDENTIFY = `
UPDATE device_bindings b SET uuid = coalesce(b.uuid, p.uuid), serial = coalesce(b.serial, p.serial), ${CHANGED}
FROM ${locked(
  `device_bindings b JOIN ${ROWS} ON ${OF_ROW}
    WHERE ${LEARNED} AND (b.uuid IS NULL AND r.uuid IS NOT NULL OR b.serial IS NULL AND r.serial IS NOT NULL)`,
  'b.id, r.uuid, r.serial',
)}
WHERE b.id = p.id`;

const STRONGER = `s.source <> '${SOURCE}' AND s.released_at IS NULL AND NOT s.withdrawn`;

/**
 * `$1` rows. New bindings, of living pods that run where the device is, unless a stronger source says who holds it. What was
 * closed before, for want of samples, by a successor or by a stronger source, stays closed: the new span begins after it.
 */
export const BIND = `
INSERT INTO device_bindings (node_name, kind, key, uuid, serial, pod_uid, source, bound_at, seen_at)
SELECT r.node, r.kind, r.key, r.uuid, r.serial, r.pod_uid, '${SOURCE}', greatest(r.first, f.until), r.last
FROM ${ROWS}
JOIN pods o ON o.uid = r.pod_uid AND o.node_name = r.node AND o.ended_at IS NULL
CROSS JOIN LATERAL (SELECT max(b.released_at) AS until FROM device_bindings b
  WHERE b.node_name = r.node AND b.device_class = r.device_class AND b.key = r.key AND NOT b.withdrawn
    AND (b.source <> '${SOURCE}' OR b.pod_uid = r.pod_uid)) f
WHERE (f.until IS NULL OR r.last > f.until)
  AND NOT EXISTS (SELECT FROM device_bindings b WHERE ${OF_ROW} AND ${LEARNED})
  AND NOT EXISTS (SELECT FROM device_bindings s
    WHERE s.node_name = r.node AND s.device_class = r.device_class AND s.key = r.key AND ${STRONGER})
ORDER BY r.node, r.device_class, r.key, r.pod_uid
ON CONFLICT (node_name, device_class, key, pod_uid, container_id, source) WHERE released_at IS NULL AND NOT withdrawn DO NOTHING`;

/** `$1` uids of exporters' pods, which never held a device. */
export const WITHDRAW_EXPORTERS = `
UPDATE device_bindings b SET withdrawn = true, ${CHANGED}
FROM ${locked(`device_bindings b WHERE ${LEARNED} AND b.pod_uid = ANY($1::text[])`)}
WHERE b.id = p.id`;

const OVERRULED = `device_bindings b
  JOIN LATERAL (SELECT min(coalesce(s.bound_at, '-infinity')) AS since
    FROM device_bindings s WHERE ${SAME_DEVICE('s', 'b')} AND ${STRONGER}) s ON s.since IS NOT NULL
  WHERE ${LEARNED}`;

/** What a stronger source speaks of since before it was learned. */
export const WITHDRAW_OVERRULED = `
UPDATE device_bindings b SET withdrawn = true, ${CHANGED}
FROM ${locked(`${OVERRULED} AND s.since <= b.bound_at`)}
WHERE b.id = p.id`;

/** What a stronger source has come to speak of since. */
export const RELEASE_OVERRULED = `
UPDATE device_bindings b SET released_at = p.since, ${CHANGED}
FROM ${locked(`${OVERRULED} AND s.since > b.bound_at`, 'b.id, s.since')}
WHERE b.id = p.id`;

/** What pods held that have ended, unless whoever ended them has seen to that. */
export const RELEASE_ENDED = `
UPDATE device_bindings b SET released_at = greatest(b.bound_at, p.ended_at), ${CHANGED}
FROM ${locked(`device_bindings b JOIN pods o ON o.uid = b.pod_uid WHERE ${LEARNED} AND o.ended_at IS NOT NULL`, 'b.id, o.ended_at')}
WHERE b.id = p.id`;

/**
 * `$1` how long (s) a successor must have been seen. Former holders that have not been seen since another came; who is seen
 * as late shares the device with it.
 */
export const RELEASE_SUPERSEDED = `
UPDATE device_bindings b SET released_at = p.since, ${CHANGED}
FROM ${locked(
  `device_bindings b JOIN LATERAL (SELECT min(n.bound_at) AS since FROM device_bindings n
    WHERE ${SAME_DEVICE('n', 'b')} AND n.source = '${SOURCE}' AND n.released_at IS NULL AND NOT n.withdrawn AND n.id <> b.id
      AND n.bound_at > b.seen_at AND n.seen_at >= n.bound_at + make_interval(secs => $1)) n ON n.since IS NOT NULL
  WHERE ${LEARNED}`,
  'b.id, n.since',
)}
WHERE b.id = p.id`;

/** `$1` the time since when a holder must have been seen. */
export const RELEASE_SILENT = `
UPDATE device_bindings b SET released_at = greatest(b.bound_at, b.seen_at), ${CHANGED}
FROM ${locked(`device_bindings b WHERE ${LEARNED} AND b.seen_at < $1`)}
WHERE b.id = p.id`;
