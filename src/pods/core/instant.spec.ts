import { readInstant } from './instant.js';

describe('readInstant', () => {
  const f = (value: unknown, want: number | null | undefined) => {
    expect(readInstant(value)).toBe(want);
  };

  it('reads seconds, ms, µs and ns, as numbers and as text', () => {
    f(1_793_520_000, 1_793_520_000_000);
    f(1_793_520_000.5, 1_793_520_000_500);
    f('1793520000', 1_793_520_000_000);
    f(1_793_520_000_123, 1_793_520_000_123);
    f('1793520000123456', 1_793_520_000_123);
    f('1793520000123999999', 1_793_520_000_123);
    f(1_793_520_000_000_000_000, 1_793_520_000_000);
  });

  it('reads ISO 8601, in UTC when it names no zone', () => {
    f('2026-11-01T08:00:00Z', Date.UTC(2026, 10, 1, 8));
    f('2026-11-01T08:00:00.123456789+02:00', Date.UTC(2026, 10, 1, 6, 0, 0, 123));
    f('2026-11-01 08:00:00', Date.UTC(2026, 10, 1, 8));
    f('2026-11-01', Date.UTC(2026, 10, 1));
  });

  it('takes zero, empty and Go zero times as no moment', () => {
    for (const value of [undefined, null, '', 0, '0', '0001-01-01T00:00:00Z']) f(value, null);
  });

  it('refuses what is no moment', () => {
    for (const value of [-1, Number.NaN, Infinity, true, {}, [], 'yesterday', '2026-13-01', '1e5', 1e30])
      f(value, undefined);
  });
});
