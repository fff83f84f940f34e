import type { Role } from '../config/auth-token.js';

/** What each role may do in place of: an admin everything, an editor also what a viewer may. Ingest stands apart. */
const COVERS: Readonly<Record<Role, readonly Role[]>> = {
  ingest: ['ingest'],
  viewer: ['viewer'],
  editor: ['editor', 'viewer'],
  admin: ['admin', 'editor', 'viewer', 'ingest'],
};

/** Whether a caller with role `held` may use a route that asks for any of `needed`. */
export function isAllowed(held: Role, needed: readonly Role[]): boolean {
  return needed.some((role) => COVERS[held].includes(role));
}
