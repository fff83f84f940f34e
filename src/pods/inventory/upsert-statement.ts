import { strongerThan, type Source } from '../core/source.js';

export interface UpsertPlan {
  table: string;
  key: readonly string[];
  /** Columns that a stronger source keeps when it brought them. */
  facts: readonly string[];
  /** Other columns, each with what it becomes in a row that exists: `t` is that row, `excluded` the new one. */
  states: Readonly<Record<string, string>>;
  source: Source;
  /** `FROM …` with the new rows; its columns are named as the table's. */
  from: string;
}

/** The condition that a source stronger than the given one vouches for row `t`. */
export function keptByStronger(source: Source): string {
  const stronger = strongerThan(source).map((name) => `'${name}'`);
  return stronger.length === 0 ? 'false' : `t.sources && ARRAY[${stronger.join(', ')}]`;
}

/**
 * The statement that inserts rows, or brings existing ones up to date and adds the source to them. Rows are locked in the order
 * of their key, so that concurrent writers do not deadlock, and a row that stays as it is is not written: `changed_xid` tells
 * the caches what changed.
 */
export function upsertStatement({ table, key, facts, states, source, from }: UpsertPlan): string {
  const kept = keptByStronger(source);
  const next: Record<string, string> = { ...states };
  for (const column of facts) {
    next[column] = `CASE WHEN ${kept} THEN coalesce(t.${column}, excluded.${column}) ELSE excluded.${column} END`;
  }
  next['sources'] = `CASE WHEN '${source}' = ANY(t.sources) THEN t.sources ELSE t.sources || '${source}'::text END`;
  const columns = [...key, ...facts, ...Object.keys(states)];
  const changing = Object.keys(next);
  return `
INSERT INTO ${table} AS t (${columns.join(', ')}, sources)
SELECT ${columns.join(', ')}, ARRAY['${source}'] FROM ${from} ORDER BY ${key.join(', ')}
ON CONFLICT (${key.join(', ')}) DO UPDATE SET
  ${changing.map((column) => `${column} = ${next[column] ?? ''}`).join(',\n  ')},
  changed_xid = pg_current_xact_id()
WHERE (${changing.map((column) => `t.${column}`).join(', ')})
  IS DISTINCT FROM (${changing.map((column) => next[column] ?? '').join(',\n    ')})`;
}

export interface WithdrawPlan {
  table: string;
  /** The column that says when a row ended. */
  ended: string;
  source: Source;
  /** Condition on row `t`. */
  where: string;
  /** When a row ends that nobody vouches for any more. */
  at?: string;
}

/** The statement that takes the source off rows; those that nobody vouches for any more end, at `$1` unless told. */
export function withdrawStatement({ table, ended, source, where, at = '$1' }: WithdrawPlan): string {
  const rest = `array_remove(t.sources, '${source}')`;
  return `
UPDATE ${table} AS t SET sources = ${rest},
  ${ended} = CASE WHEN ${rest} = '{}' THEN coalesce(t.${ended}, ${at}) ELSE t.${ended} END,
  changed_xid = pg_current_xact_id()
WHERE '${source}' = ANY(t.sources) AND ${where}`;
}
