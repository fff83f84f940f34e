/** Which list a cursor belongs to. */
export type CursorOf = 'pods' | 'workloads' | 'nodes';

/** A place in an ordered list: the key of the last item seen, one text for each column of the order. */
export type ListKey = readonly string[];

/** Parts of a key by list. */
const KEY_LENGTH: Readonly<Record<CursorOf, number>> = { pods: 3, workloads: 3, nodes: 1 };

/** The key as callers get it: base64url, not to be taken apart. */
export function encodeCursor(list: CursorOf, key: ListKey): string {
  return Buffer.from(JSON.stringify([list, ...key]), 'utf8').toString('base64url');
}

/** The key in a cursor, or undefined for what {@link encodeCursor} cannot have made for this list. */
export function decodeCursor(list: CursorOf, cursor: string): ListKey | undefined {
  const parts = parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  if (!Array.isArray(parts) || parts.length !== KEY_LENGTH[list] + 1 || parts[0] !== list) return undefined;
  const key = parts.slice(1).filter((part) => typeof part === 'string' && !part.includes('\0')) as string[];
  return key.length === KEY_LENGTH[list] && encodeCursor(list, key) === cursor ? key : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
