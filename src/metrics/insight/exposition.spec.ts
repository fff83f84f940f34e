import { toExposition } from './exposition.js';

const f = (labels: Record<string, string>, value: number, want: string[]) => {
  const list = Object.entries(labels).map(([name, value]) => ({ name, value }));
  expect(toExposition([{ labels: list, value, timestamp: 1_000 }])).toBe(`${want.join('\n')}\n`);
};

it('labels are escaped', () => {
  f({ __name__: 'm', a: 'x\\y"z\nw' }, 1, ['# TYPE m untyped', 'm{a="x\\\\y\\"z\\nw"} 1 1000']);
  f({ __name__: 'm' }, 1, ['# TYPE m untyped', 'm 1 1000']);
  f({ __name__: 'a.b', 'c.d': 'é', e: '' }, 1, ['# TYPE "a.b" untyped', '{"a.b","c.d"="é",e=""} 1 1000']);
});

it('values are written as Go reads them', () => {
  for (const [value, text] of [
    [NaN, 'NaN'],
    [Infinity, '+Inf'],
    [-Infinity, '-Inf'],
    [-0, '-0'],
    [1e21, '1e+21'],
    [0.1, '0.1'],
  ] as const)
    f({ __name__: 'm' }, value, ['# TYPE m untyped', `m ${text} 1000`]);
});

it('the type of a metric comes once', () => {
  const sample = (node: string) => ({
    labels: [
      { name: '__name__', value: 'm' },
      { name: 'n', value: node },
    ],
    value: 1,
    timestamp: 1,
  });
  expect(toExposition([sample('1'), sample('2')])).toBe('# TYPE m untyped\nm{n="1"} 1 1\nm{n="2"} 1 1\n');
  expect(toExposition([])).toBe('');
});
