/** Runs a computation that yields now and then to its end in one go. */
export function exhaust<T>(steps: Generator<void, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
