const ms = (column: string, name: string): string => `(extract(epoch FROM ${column}) * 1000)::float8 AS "${name}"`;
const time = (name: string): string => `to_timestamp("${name}" / 1000)`;

/** `$1` leader, `$2` now. Waits for writes of the term before. */
export const BEGIN_TERM = `
UPDATE kubernetes_sync SET term = term + 1, leader = $1, leader_since = $2, updated_at = $2 RETURNING term::float8 AS term`;

/** `$1` term, `$2` now. */
export const END_TERM = `
UPDATE kubernetes_sync SET leader = NULL, leader_since = NULL, updated_at = $2 WHERE term = $1`;

/** `$1` term. */
export const HOLD_TERM = 'SELECT FROM kubernetes_sync WHERE id = 1 AND term = $1 FOR UPDATE';

export const FORGET_RESOURCES = 'DELETE FROM kubernetes_sync_resources';
export const FORGET_OWNERS = 'DELETE FROM kubernetes_sync_owners';

/** `$1` rows. */
export const SAVE_RESOURCES = `
INSERT INTO kubernetes_sync_resources (resource, state, objects, resource_version, listed_at, last_event_at, last_written_at,
  restarts, errors, last_error, last_error_at)
SELECT resource, state, objects, "resourceVersion", ${time('listedAt')}, ${time('lastEventAt')}, ${time('lastWrittenAt')},
  restarts, errors, "lastError", ${time('lastErrorAt')}
FROM json_to_recordset($1::json) AS rows (resource text, state text, objects integer, "resourceVersion" text, "listedAt" float8,
  "lastEventAt" float8, "lastWrittenAt" float8, restarts integer, errors integer, "lastError" text, "lastErrorAt" float8)
ON CONFLICT (resource) DO UPDATE SET state = excluded.state, objects = excluded.objects,
  resource_version = excluded.resource_version, listed_at = excluded.listed_at, last_event_at = excluded.last_event_at,
  last_written_at = excluded.last_written_at, restarts = excluded.restarts, errors = excluded.errors,
  last_error = excluded.last_error, last_error_at = excluded.last_error_at`;

/** `$1` rows. */
export const SAVE_OWNERS = `
INSERT INTO kubernetes_sync_owners (kind, state, since, last_error, objects)
SELECT kind, state, ${time('since')}, "lastError", objects
FROM json_to_recordset($1::json) AS rows (kind text, state text, since float8, "lastError" text, objects integer)
ON CONFLICT (kind) DO UPDATE SET state = excluded.state, since = excluded.since, last_error = excluded.last_error,
  objects = excluded.objects`;

/** `$1` now. */
export const SHOW_LIFE = 'UPDATE kubernetes_sync SET updated_at = $1';

/** `$1` now. */
export const MARK_SYNCED = `
UPDATE kubernetes_sync SET first_synced_at = coalesce(first_synced_at, $1), updated_at = $1`;

const rowsOf = (select: string): string => `(SELECT coalesce(json_agg(r), '[]') FROM (${select}) r)`;

/** All of it in one statement, and so of one moment. */
export const READ_SYNC = `
SELECT s.term::float8 AS term, s.leader, ${ms('s.leader_since', 'leaderSince')}, ${ms('s.first_synced_at', 'firstSyncedAt')},
  ${ms('s.updated_at', 'updatedAt')},
  ${rowsOf(`SELECT resource, state, objects, resource_version AS "resourceVersion", ${ms('listed_at', 'listedAt')},
    ${ms('last_event_at', 'lastEventAt')}, ${ms('last_written_at', 'lastWrittenAt')}, restarts, errors,
    last_error AS "lastError", ${ms('last_error_at', 'lastErrorAt')} FROM kubernetes_sync_resources ORDER BY resource`)} AS resources,
  ${rowsOf(`SELECT kind, state, ${ms('since', 'since')}, last_error AS "lastError", objects
    FROM kubernetes_sync_owners ORDER BY kind`)} AS owners
FROM kubernetes_sync s`;
