import { shownValue } from './shown-value.js';

it.each<[unknown, unknown]>([
  ['text', 'text'],
  ['x'.repeat(201), `${'x'.repeat(200)}…`],
  [`${'x'.repeat(199)}😀`, `${'x'.repeat(199)}…`],
  [5, 5],
  [null, null],
  [[1, 2], 'a list of 2'],
  [{ a: 1 }, 'an object'],
])('%j is shown as %j', (value, want) => {
  expect(shownValue(value)).toBe(want);
});
