/** The process's source of time. Cores take `now` (ms since the epoch) as an argument; shells read it here once per unit of work. */
export abstract class Clock {
  /** Milliseconds since the epoch. */
  abstract now(): number;
}

/** The machine's clock. */
export class SystemClock extends Clock {
  override now(): number {
    return Date.now();
  }
}
