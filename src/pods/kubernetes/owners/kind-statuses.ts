import type { OwnerKind, OwnerKindState, OwnerKindStatus } from './owner-kinds.js';

/** The worse one counts when versions or namespaces of a kind differ. */
const WORSE: readonly OwnerKindState[] = ['readable', 'failing', 'unknown_kind', 'forbidden'];

/** One status for each kind, in alphabetical order. */
export function kindStatuses(
  kinds: Iterable<OwnerKind>,
  owners: Iterable<{ readonly kind: OwnerKind; readonly meta: unknown }>,
): OwnerKindStatus[] {
  const objects = new Map<string, number>();
  for (const { kind, meta } of owners) {
    if (meta !== null) objects.set(kind.kind, (objects.get(kind.kind) ?? 0) + 1);
  }
  const worst = new Map<string, OwnerKind>();
  for (const kind of kinds) {
    const other = worst.get(kind.kind);
    if (other === undefined || WORSE.indexOf(kind.state) > WORSE.indexOf(other.state)) worst.set(kind.kind, kind);
  }
  return [...worst.values()]
    .map(({ kind, state, since, lastError }) => ({ kind, state, since, lastError, objects: objects.get(kind) ?? 0 }))
    .sort((a, b) => (a.kind < b.kind ? -1 : 1));
}
