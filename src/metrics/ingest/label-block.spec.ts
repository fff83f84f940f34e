import type { Label } from '../../common/label-set.js';
import { readLabelBlock, writeLabelBlock } from './label-block.js';

const LIMITS = { maxLabelsPerSeries: 3, maxLabelNameBytes: 10, maxLabelValueBytes: 20 };
const NAME = { name: '__name__', value: 'm' };
const label = (name: string, value = ''): Label => ({ name, value });

function read(...labels: Label[]) {
  const block = writeLabelBlock(labels);
  return readLabelBlock(block, 0, block.length, LIMITS);
}

it('reads the labels of a series', () => {
  expect(read(NAME, label('a', 'ä'))).toEqual({ labels: [NAME, label('a', 'ä')] });
});

it('says what breaks the rules, and by how much which limit is crossed', () => {
  const f = (labels: Label[], want: object) => {
    expect(read(...labels)).toEqual(want);
  };
  f([NAME, ...['a', 'b', 'c', 'd'].map((name) => label(name))], {
    invalid: 'a series of 5 labels is over METRICS_MAX_LABELS_PER_SERIES of 3',
    received: 5,
    limit: 3,
  });
  f([NAME, label('a', 'x'.repeat(21))], {
    invalid: 'a label value of 21 bytes is over METRICS_MAX_LABEL_VALUE_BYTES of 20',
    label: 'a',
    received: 21,
    limit: 20,
  });
  f([NAME, label('abcdefghijk')], {
    invalid: 'a label name of 11 bytes is over METRICS_MAX_LABEL_NAME_BYTES of 10',
    received: 11,
    limit: 10,
  });
  f([NAME, label('a'), label('a')], { invalid: 'label "a" is not unique', label: 'a' });
  f([NAME, label('')], { invalid: 'a label has no name' });
  f([label('a')], { invalid: 'series without metric name' });
});
