import { setTimeout as sleep } from 'node:timers/promises';

export interface Backoff {
  /** Upper bound of the first delay, ms. */
  base: number;
  /** Upper bound of every delay, ms. */
  max: number;
}

/**
 * Milliseconds to wait before try number `attempt` + 1 (the first failure is attempt 0): doubling from `base` to `max`,
 * with the upper half random so that replicas that failed together do not come back together.
 */
export function backoffDelay(attempt: number, { base, max }: Backoff, random: () => number = Math.random): number {
  const bound = Math.min(max, base * 2 ** Math.min(attempt, 30));
  return bound / 2 + (random() * bound) / 2;
}

/** Waits `ms`, or less when the signal is aborted; never throws. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
