/** Jest's global set-up of the integration tests: plain Node, so it needs the hooks to import TypeScript. */
import './typescript-hooks.mjs';
import './quiet-logger.ts';

export default async function setUp() {
  const { start } = await import('./database-template.ts');
  await start();
}
