import type { ListKey } from './page-cursor.js';

/** A statement and its parameters. */
export interface Query {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** Gathers parameters while a statement is written. */
export class Parameters {
  readonly values: unknown[] = [];

  /** The place of a new parameter, e.g. `$3`. */
  add(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }

  /** The places of several, e.g. `$3, $4`. */
  addAll(values: readonly unknown[]): string {
    return values.map((value) => this.add(value)).join(', ');
  }
}

/** A list as the union of parts that each have an index with the list's order. */
export interface Listing {
  /** Columns and tables: `SELECT … FROM …`. */
  readonly parts: readonly { readonly select: string; readonly where: readonly string[] }[];
  /** Columns of the order, which together are unique; all parts have them, so named, as `t.<column>`. */
  readonly order: readonly string[];
  readonly parameters: Parameters;
}

/** Where a stretch of a list begins (after that key) and where it ends at the latest (with that key). */
export interface Stretch {
  readonly after: ListKey | undefined;
  readonly until?: ListKey | undefined;
}

/** The first `limit` rows of a stretch, after `skip` rows. */
export function stretchStatement(listing: Listing, stretch: Stretch, limit: number, skip = 0): Query {
  const { order, parameters } = listing;
  const key = `(${order.map((column) => `t.${column}`).join(', ')})`;
  const bounds = [
    ...(stretch.after === undefined ? [] : [`${key} > (${parameters.addAll(stretch.after)})`]),
    ...(stretch.until === undefined ? [] : [`${key} <= (${parameters.addAll(stretch.until)})`]),
  ];
  const most = parameters.add(limit + skip);
  const parts = listing.parts.map(({ select, where }) => {
    const conditions = [...where, ...bounds].join(' AND ');
    return `(${select} WHERE ${conditions} ORDER BY ${order.map((column) => `t.${column}`).join(', ')} LIMIT ${most})`;
  });
  const sql = `SELECT * FROM (${parts.join('\nUNION ALL\n')}) t ORDER BY ${order.join(', ')}
LIMIT ${parameters.add(limit)} OFFSET ${parameters.add(skip)}`;
  return { sql, parameters: parameters.values };
}

/** A stretch of a list and the key to go on from; null at the end. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: ListKey | null;
}

/** The page in `limit + 1` rows read: the surplus one says that there are more. `until` is where the reading had to end. */
export function pageOf<T>(rows: readonly T[], limit: number, keyOf: (row: T) => ListKey, until?: ListKey): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return rows.length > limit && last !== undefined ? { items, next: keyOf(last) } : { items, next: until ?? null };
}
