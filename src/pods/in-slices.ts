import { setImmediate } from 'node:timers/promises';

/** How long a slice may take before other work gets its turn, ms. */
const SLICE = 10;
/** Steps between looks at the clock. */
const STEPS = 64;

/** Runs a long computation that yields often, giving other work its turn in between. */
export async function inSlices<T>(steps: Generator<void, T>): Promise<T> {
  let started = performance.now();
  for (let count = 1; ; count++) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (count % STEPS !== 0 || performance.now() - started < SLICE) continue;
    await setImmediate();
    started = performance.now();
  }
}
