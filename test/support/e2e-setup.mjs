/** Jest's global set-up of the end-to-end tests: plain Node, so it needs the hooks to import TypeScript. */
import './typescript-hooks.mjs';

export default async function setUp() {
  const { check } = await import('./e2e-requirements.ts');
  check();
}
