import { series, writeRequest } from '../../../test/support/metrics-wire.js';
import { countSeries, tooManySeries } from './series-limit.js';

it('counts series and nothing else', () => {
  const metadata = { type: 1, family: 'm', help: '', unit: '' };
  const all = Array.from({ length: 7 }, (_, i) => series({ __name__: `m${i}` }, [1, 1]));
  expect(countSeries(writeRequest(all, [metadata]))).toBe(7);
  expect(countSeries(Buffer.alloc(0))).toBe(0);
});

it('an error names what was counted and the limit', () => {
  expect(tooManySeries(7, 5)).toMatchObject({
    message: 'series in the request: 7 is over the limit METRICS_MAX_SERIES_PER_REQUEST of 5',
    errors: [{ field: 'series in the request', value: 7, limit: 5 }],
  });
});
