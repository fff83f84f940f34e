import { Clock } from '../../../common/clock.js';
import type { ListPage, ListRequest, WatchEvent, WatchRequest } from './kubernetes-api.js';
import { KubernetesError } from './kubernetes-error.js';
import { Reflector, type ReflectorOptions } from './reflector.js';
import { PODS, type ResourcePath } from './resource-path.js';

interface Thing {
  readonly key: string;
}

class HandClock extends Clock {
  at = 1_000_000;

  override now(): number {
    return this.at;
  }
}

type ListStep = ListPage | KubernetesError;
type WatchStep = readonly (WatchEvent | KubernetesError | (() => void))[];

const failed = (status: number, retryAfter?: number) =>
  new KubernetesError(`status ${status}`, { status, reason: '', retryAfter });
const thing = (name: string) => ({ metadata: { name } });
const page = (names: readonly string[], resourceVersion: string, next?: string): ListPage => ({
  items: names.map(thing),
  resourceVersion,
  continue: next,
});
const event = (type: string, name: string, resourceVersion?: string): WatchEvent => ({
  type,
  object: thing(name),
  resourceVersion,
});

/** An API server that answers by a script, and the log of what was asked of it, told to the handler and waited for. */
class Script {
  readonly log: string[] = [];
  readonly clock = new HandClock();
  readonly stop = new AbortController();
  private calls = 0;

  constructor(
    private readonly lists: ListStep[],
    private readonly watches: WatchStep[],
  ) {}

  async run(options: Partial<ReflectorOptions<Thing>> = {}): Promise<Reflector<Thing>> {
    const reflector = new Reflector<Thing>({
      api: { list: this.list, watch: this.watch },
      resource: PODS,
      project: (raw) => {
        const { name } = (raw as ReturnType<typeof thing>).metadata;
        return name === 'odd' ? undefined : { key: name };
      },
      handler: {
        listed: (objects) => this.told(`listed ${objects.map(({ key }) => key).join(' ')}`),
        listEnd: (version, keys) => this.told(`all ${[...keys].join(' ')} at ${version}`),
        changed: (kind, { key }) => this.told(`${kind} ${key}`),
        state: ({ state }) => this.told(state),
      },
      pageSize: 2,
      watchTimeout: 60_000,
      relistInterval: 3_600_000,
      forbiddenInterval: 300_000,
      clock: this.clock,
      random: () => 1,
      pause: async (ms) => {
        this.log.push(`wait ${ms}`);
        this.clock.at += ms;
        await Promise.resolve();
      },
      ...options,
    });
    await reflector.run(this.stop.signal);
    return reflector;
  }

  /** One call at a time, however long it takes. */
  private async told(what: string): Promise<void> {
    expect(this.calls++).toBe(0);
    await new Promise(setImmediate);
    this.calls--;
    this.log.push(what);
  }

  private readonly list = async (
    _: ResourcePath,
    { continue: next, resourceVersion }: ListRequest,
  ): Promise<ListPage> => {
    expect(resourceVersion).toBeUndefined();
    this.log.push(next === undefined ? 'list' : `list ${next}`);
    return Promise.resolve(this.next(this.lists));
  };

  private readonly watch = async function* (
    this: Script,
    _: ResourcePath,
    { resourceVersion, timeoutSeconds, opened }: WatchRequest,
  ): AsyncGenerator<WatchEvent, void> {
    this.log.push(`watch ${resourceVersion} for ${timeoutSeconds}`);
    const steps = this.watches.shift();
    if (steps === undefined) {
      this.stop.abort();
      this.stop.signal.throwIfAborted();
    }
    const [first] = steps ?? [];
    if (first instanceof KubernetesError) throw first;
    await opened?.();
    for (const step of steps ?? []) {
      if (step instanceof KubernetesError) throw step;
      if (typeof step === 'function') step();
      else yield step;
    }
  }.bind(this);

  private next(steps: ListStep[]): ListPage {
    const step = steps.shift();
    if (step === undefined) {
      this.stop.abort();
      this.stop.signal.throwIfAborted();
    }
    if (step === undefined || step instanceof KubernetesError) throw step ?? failed(0);
    return step;
  }
}

const ONE = page(['a'], '10');
/** Log of a run that begins with the list ONE, after that list. */
const after = (log: readonly string[]) => {
  const start = ['listing', 'list', 'listed a', 'all a at 10'];
  expect(log.slice(0, 4)).toEqual(start);
  return log.slice(4);
};

describe('Reflector', () => {
  it('lists page by page, then watches from there and from wherever it got to', async () => {
    const script = new Script(
      [page(['a', 'b'], '10', 'p2'), page(['c'], '10')],
      [[event('ADDED', 'd', '11'), event('BOOKMARK', '', '15')], [event('DELETED', 'd', '16')]],
    );
    const reflector = await script.run();
    expect(script.log).toEqual([
      ...['listing', 'list', 'listed a b', 'list p2', 'listed c', 'all a b c at 10'],
      ...['watch 10 for 60', 'watching', 'upsert d', 'watch 15 for 60', 'delete d', 'watch 16 for 60', 'stopped'],
    ]);
    expect(reflector.status).toMatchObject({
      state: 'stopped',
      resourceVersion: '16',
      lists: 1,
      watches: 2,
      events: 2,
    });
  });

  it('begins a list anew when its pages have expired', async () => {
    const script = new Script([page(['a', 'b'], '10', 'p2'), failed(410), page(['b'], '12')], []);
    await script.run();
    expect(script.log).toEqual([
      ...['listing', 'list', 'listed a b', 'list p2', 'list', 'listed b', 'all b at 12'],
      ...['watch 12 for 60', 'stopped'],
    ]);
  });

  it('lists anew when its version is too old, the second time in a row after a pause', async () => {
    const script = new Script([ONE, page(['b'], '20'), page(['b'], '30')], [[failed(410)], [failed(410)]]);
    await script.run();
    expect(after(script.log)).toEqual([
      ...['watch 10 for 60', 'list', 'listed b', 'all b at 20'],
      ...['watch 20 for 60', 'waiting', 'wait 1600', 'listing', 'list', 'listed b', 'all b at 30'],
      ...['watch 30 for 60', 'stopped'],
    ]);
  });

  it('waits longer and longer while the watch fails, and shorter again after success', async () => {
    const script = new Script(
      [ONE],
      [[failed(503)], [failed(503)], [failed(429, 9_000)], [event('ADDED', 'b', '11'), failed(0)]],
    );
    const reflector = await script.run();
    expect(script.log.filter((line) => line.startsWith('wait '))).toEqual([
      'wait 800',
      'wait 1600',
      'wait 9000',
      'wait 800',
    ]);
    expect(script.log.filter((line) => line.startsWith('list'))).toEqual(['listing', 'list', 'listed a']);
    expect(reflector.status).toMatchObject({ errors: 4, resourceVersion: '11' });
    expect(reflector.status.lastError?.status).toBe(0);
  });

  it('waits for a permission and lists then', async () => {
    const script = new Script([failed(403), ONE], []);
    await script.run();
    expect(script.log).toEqual([
      ...['listing', 'list', 'forbidden', 'wait 300000', 'listing', 'list', 'listed a', 'all a at 10'],
      ...['watch 10 for 60', 'stopped'],
    ]);
  });

  it('does not ask without pause when watches end at once', async () => {
    const script = new Script([ONE], [[], []]);
    await script.run();
    expect(after(script.log)).toEqual([
      ...['watch 10 for 60', 'watching', 'waiting', 'wait 800'],
      ...['watch 10 for 60', 'watching', 'waiting', 'wait 1600', 'watch 10 for 60', 'stopped'],
    ]);
  });

  it('forgives failures when a watch lasted, though nothing happened in it', async () => {
    const script: Script = new Script(
      [ONE],
      [[failed(503)], [() => void (script.clock.at += 60_000), failed(0)], [() => void (script.clock.at += 1_000)]],
    );
    await script.run();
    expect(script.log.filter((line) => line.startsWith('wait '))).toEqual(['wait 800', 'wait 800']);
  });

  it('lists everything anew from time to time, also while changes keep coming', async () => {
    const script: Script = new Script(
      [ONE, page(['b'], '20')],
      [[event('ADDED', 'b', '11'), () => void (script.clock.at += 90_000), event('ADDED', 'c', '12')]],
    );
    await script.run({ relistInterval: 90_000 });
    expect(after(script.log)).toEqual([
      ...['watch 10 for 60', 'watching', 'upsert b', 'upsert c', 'listing', 'list', 'listed b', 'all b at 20'],
      ...['watch 20 for 60', 'stopped'],
    ]);
  });

  it('has a watch end when the next list is due', async () => {
    const script: Script = new Script([ONE], [[() => void (script.clock.at += 50_000)]]);
    await script.run({ relistInterval: 90_000 });
    expect(script.log.filter((line) => line.startsWith('watch '))).toEqual(['watch 10 for 60', 'watch 10 for 40']);
  });

  it('leaves out and counts what lacks what it must have', async () => {
    const script = new Script(
      [page(['a', 'odd'], '10')],
      [[event('ADDED', 'x'), event('ADDED', 'odd', '11'), event('NEW', 'y', '12'), event('ADDED', 'b', '13')]],
    );
    const reflector = await script.run();
    expect(script.log.filter((line) => line.startsWith('upsert'))).toEqual(['upsert b']);
    expect(reflector.status).toMatchObject({ skipped: 4, resourceVersion: '13', errors: 0 });
  });

  it('ends with what the handler throws, and can be run again', async () => {
    const script = new Script([ONE], []);
    const lost = new Error('leadership lost');
    const handler = {
      listed: () => Promise.reject(lost),
      listEnd: () => Promise.resolve(),
      changed: () => Promise.resolve(),
      state: () => Promise.resolve(),
    };
    await expect(script.run({ handler })).rejects.toBe(lost);
  });
});
