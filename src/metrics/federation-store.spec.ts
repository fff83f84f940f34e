import { ManualClock } from '../../test/fakes/manual-clock.js';
import { series, STALE, writeRequest, type Series } from '../../test/support/metrics-wire.js';
import { snappyCompress } from '../wire/snappy.js';
import { FederationStore } from './federation-store.js';

let clock: ManualClock;
let store: FederationStore;

beforeEach(() => {
  clock = new ManualClock(1_000_000);
  store = new FederationStore(clock, { maxSeries: 3, windowMs: 300_000 });
});

const push = (...all: Series[]) => store.push(snappyCompress(writeRequest(all)));
const held = () =>
  store
    .read()
    .map(({ labels, value, timestamp }) => `${labels.map((label) => label.value).join('/')}=${value}@${timestamp}`);

it('the newest sample of each series is kept', async () => {
  expect(await push(series({ __name__: 'b' }, [1, 1], [2, 5]), series({ __name__: 'a', x: 'y' }, [-0.5, 3]))).toEqual({
    kind: 'accepted',
  });
  await push(series({ __name__: 'b' }, [9, 4]));
  expect(held()).toEqual(['a/y=-0.5@3', 'b=2@5']);
  await push(series({ __name__: 'b' }, [7, 5]));
  expect(held()).toContain('b=7@5');
});

it('a stale marker removes its series, unless it is older', async () => {
  await push(series({ __name__: 'a' }, [1, 10]), series({ __name__: 'b' }, [1, 10]));
  await push(series({ __name__: 'a' }, [STALE, 11]), series({ __name__: 'b' }, [STALE, 9]));
  expect(held()).toEqual(['b=1@10']);
});

it('series leave when they are not seen any more', async () => {
  await push(series({ __name__: 'a' }, [1, 10]), series({ __name__: 'b' }, [1, 10]));
  clock.advance(200_000);
  await push(series({ __name__: 'b' }, [1, 11]));
  clock.advance(100_000);
  expect(held()).toHaveLength(2);
  clock.advance(1);
  expect(held()).toEqual(['b=1@11']);
});

it('more series than the bound find no place until others have aged', async () => {
  const names = ['a', 'b', 'c', 'd'].map((name) => series({ __name__: name }, [1, 1]));
  await push(...names);
  expect(held()).toEqual(['a=1@1', 'b=1@1', 'c=1@1']);
  expect(store.overflowed).toBe(1);
  clock.advance(300_001);
  await push(series({ __name__: 'd' }, [2, 2]));
  expect(held()).toEqual(['d=2@2']);
});
