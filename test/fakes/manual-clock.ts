import { Clock } from '../../src/common/clock.js';

/** A clock that stands still until it is moved. */
export class ManualClock extends Clock {
  constructor(private time = 0) {
    super();
  }

  now(): number {
    return this.time;
  }

  advance(ms: number): void {
    this.time += ms;
  }
}
