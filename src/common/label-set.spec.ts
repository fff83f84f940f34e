import fc from 'fast-check';
import { canonicalLabels, compareCodePoints } from './label-set.js';

it('strings are ordered as their UTF-8 bytes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
      expect(Math.sign(compareCodePoints(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
  );
  expect(['\u{1F600}', '\uFFFD', '_', 'a', 'Z', ''].sort(compareCodePoints)).toEqual([
    '',
    'Z',
    '_',
    'a',
    '\uFFFD',
    '\u{1F600}',
  ]);
});

it('labels are sorted by name, and those of no value are absent', () => {
  const labels = ['b=1', '__name__=x', 'empty=', 'A=2'].map((pair) => {
    const [name = '', value = ''] = pair.split('=');
    return { name, value };
  });
  expect(canonicalLabels(labels).map(({ name }) => name)).toEqual(['A', '__name__', 'b']);
});
