/** Waits until `probe` returns something other than undefined or false; what it throws counts as not yet. Times in ms. */
export async function eventually<T>(
  probe: () => T | Promise<T>,
  within = 10_000,
  interval = 25,
): Promise<Exclude<NonNullable<T>, false>> {
  const deadline = Date.now() + within;
  let reason: unknown;
  while (Date.now() < deadline) {
    try {
      const value = await probe();
      if (value !== undefined && value !== null && value !== false) return value as Exclude<NonNullable<T>, false>;
    } catch (error) {
      reason = error;
    }
    await new Promise((resolve) => setTimeout(resolve, interval));
  }
  throw new Error(`Did not happen within ${within} ms`, { cause: reason });
}
