import { snappyUncompress } from '../../wire/snappy.js';
import { fieldSpans } from '../forwarder/split-request.js';
import { OutgoingBatch } from './outgoing-batch.js';

const MIB = 1024 * 1024;
const LABELS = Buffer.alloc(600, 'label');
const SAMPLE = Buffer.from('12020800', 'hex');

function emit(batch: OutgoingBatch, count: number): void {
  for (let i = 0; i < count; i++) batch.emit(LABELS, 0, 500 + (i % 100), SAMPLE, 0, SAMPLE.length);
}

describe('the output of a request', () => {
  it.each([
    ['nothing', 0, 0],
    ['one series', 1, 1],
    ['more than a piece', 1_000, 1],
    ['more than a storage takes at once', 40_000, 2],
  ])('of %s', (_size, series, requests) => {
    const whole = new OutgoingBatch();
    emit(whole, series);
    const batch = new OutgoingBatch(64 * 1024);
    for (const time of ['first', 'second']) {
      batch.reset();
      emit(batch, series);
      const blocks = batch.finish();
      const raw = blocks.map((block) => snappyUncompress(block.bytes, 32 * MIB, 'limit'));
      expect([time, blocks.length]).toEqual([time, requests]);
      expect(Buffer.concat(raw).equals(whole.series.view())).toBe(true);
      expect(raw.flatMap(fieldSpans)).toHaveLength(series);
      for (const request of raw) expect(request.length).toBeLessThan(17 * MIB);
    }
  });

  it('of a request that failed half way is forgotten', () => {
    const batch = new OutgoingBatch(64 * 1024);
    emit(batch, 1_000);
    batch.reset();
    expect(batch.finish()).toEqual([]);
  });
});
