import { backoffDelay } from './backoff.js';

describe('backoffDelay', () => {
  const f = (attempt: number, random: number) => backoffDelay(attempt, { base: 100, max: 1_000 }, () => random);

  it('doubles up to its bound', () => {
    expect([0, 1, 2, 3, 4, 1_000].map((attempt) => f(attempt, 1))).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  });

  it('is random in its upper half', () => {
    expect([f(1, 0), f(1, 0.5), f(1, 1)]).toEqual([100, 150, 200]);
  });
});
