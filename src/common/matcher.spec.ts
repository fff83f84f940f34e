import { compileMatcher, InvalidMatcher, matchesAll, type MatchOperator } from './matcher.js';

it('matchers compare as in Prometheus', () => {
  const f = (operator: MatchOperator, pattern: string, value: string, want: boolean) => {
    expect([operator, pattern, value, compileMatcher('l', operator, pattern).matches(value)]).toEqual([
      operator,
      pattern,
      value,
      want,
    ]);
  };
  f('=', 'a', 'a', true);
  f('=', 'a', 'ab', false);
  f('!=', 'a', '', true);
  f('=~', 'a|b', 'b', true);
  f('=~', 'a|b', 'ab', false);
  f('=~', 'b', 'abc', false);
  f('=~', '.*', '', true);
  f('=~', '.+', '', false);
  f('=~', 'a.c', 'a\nc', true);
  f('=~', '(?i)A', 'a', true);
  f('=~', '^a$', 'a', true);
  f('!~', 'a.*', 'ab', false);
  f('!~', 'a.*', 'b', true);
  f('=~', '(a+)+$', `${'a'.repeat(5_000)}b`, false);
});

it('expressions that are not RE2 are refused', () => {
  for (const pattern of ['(', '(?=a)', '\\1', '[b-a]', '*'])
    expect(() => compileMatcher('l', '=~', pattern)).toThrow(InvalidMatcher);
});

it('an absent label has the empty value', () => {
  const f = (operator: MatchOperator, value: string, want: boolean) => {
    expect(matchesAll([compileMatcher('absent', operator, value)], () => undefined)).toBe(want);
  };
  f('=', '', true);
  f('!=', '', false);
  f('=~', 'x?', true);
  f('!~', 'x', true);
  expect(matchesAll([], () => undefined)).toBe(true);
});
