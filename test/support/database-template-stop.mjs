/** Jest's global tear-down of the integration tests; the hooks were registered by the set-up. */
export default async function tearDown() {
  const { stop } = await import('./database-template.ts');
  await stop();
}
