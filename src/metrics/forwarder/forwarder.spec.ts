import { ManualClock } from '../../../test/fakes/manual-clock.js';
import { TestStorage, type StorageAnswer } from '../../../test/support/metrics-storage.js';
import { series, writeRequest, type Series } from '../../../test/support/metrics-wire.js';
import { Logger } from '@nestjs/common';
import { register } from 'prom-client';
import type { MetricsConfig } from '../../config/metrics.config.js';
import { snappyCompress } from '../../wire/snappy.js';
import { MetricsSelfMetrics } from '../self-metrics.js';
import { MetricsForwarder, type ForwardResult, type StoredCheck } from './forwarder.service.js';
import { StorageEndpointSink } from './storage-endpoint.sink.js';

const NOTHING_STORED: StoredCheck = () => false;
let storages: TestStorage[] = [];
let forwarder: MetricsForwarder;

Logger.overrideLogger(false);

async function open(count: number, settings: Partial<MetricsConfig> = {}, sameUrl = false): Promise<void> {
  storages = await Promise.all(Array.from({ length: sameUrl ? 1 : count }, () => TestStorage.start()));
  const endpoints = Array.from({ length: count }, (_, i) => ({
    url: (storages[i] ?? storages[0]!).url,
    headers: { 'x-tenant': String(i) },
  }));
  const sinks = await Promise.all(endpoints.map((endpoint) => StorageEndpointSink.open(endpoint)));
  const config = { pushTimeout: 1_000, repeated500Attempts: 2, ...settings } as MetricsConfig;
  register.clear();
  forwarder = new MetricsForwarder(sinks, config, new ManualClock(), new MetricsSelfMetrics());
}

afterEach(async () => {
  await forwarder.onApplicationShutdown();
  await Promise.all(storages.map((storage) => storage.stop()));
});

const line = (name: string, ...times: number[]): Series =>
  series({ __name__: name }, ...times.map((at) => [1, at] as const));
const REQUEST = [line('a', 1), line('b', 1, 2, 3), line('c', 1), line('d', 1)];
const send = (all: readonly Series[] = REQUEST, isStored = NOTHING_STORED): Promise<ForwardResult> =>
  forwarder.forward(snappyCompress(writeRequest(all)), isStored);
const stored = (storage: TestStorage | undefined): string[] =>
  (storage?.stored ?? []).flatMap(({ labels, samples }) => samples.map(([, at]) => `${labels[0]?.[1] ?? ''}${at}`));
const holds = (all: readonly Series[], name: string, time: number): boolean =>
  all.some(({ labels, samples }) => labels[0]?.[1] === name && samples.some(([, at]) => at === time));
const ALL = ['a1', 'b1', 'b2', 'b3', 'c1', 'd1'];
const DELIVERED = { accepted: true, rejected: 0, readInFull: true };
const delivered = (rejected: number): ForwardResult => ({ accepted: true, rejected, readInFull: false });

describe('one storage', () => {
  beforeEach(() => open(1));

  it('gets the request once when it accepts', async () => {
    expect(await send()).toEqual(DELIVERED);
    expect(storages[0]!.requests).toHaveLength(1);
    expect(stored(storages[0])).toEqual(ALL);
    expect(storages[0]!.requests[0]!.headers).toMatchObject({
      'content-encoding': 'snappy',
      'content-type': 'application/x-protobuf',
      'x-prometheus-remote-write-version': '0.1.0',
      'user-agent': expect.stringMatching(/./) as string,
    });
  });

  it.each([400, 409, 413, 422])('that answers %i loses the culprit only', async (status) => {
    storages[0]!.answer = (all) => (holds(all, 'b', 2) ? { status, body: 'bad sample' } : 204);
    expect(await send()).toEqual(delivered(1));
    expect(stored(storages[0])).toEqual(['a1', 'b1', 'b3', 'c1', 'd1']);
  });

  it('may refuse everything', async () => {
    storages[0]!.answer = () => 400;
    expect(await send()).toEqual(delivered(6));
  });

  it('does not lose what it has already', async () => {
    storages[0]!.answer = (all) => (holds(all, 'a', 1) || holds(all, 'c', 1) ? 400 : 204);
    const isA: StoredCheck = (piece) => piece.includes('\x12\x01a');
    expect(await send(REQUEST, isA)).toEqual(delivered(1));
  });

  it.each<StorageAnswer>([429, 401, 403, 404, 408, 501, 502, 503, 504, 302, 'reset', 'hang'])(
    'that answers %s gets it again',
    async (answer) => {
      storages[0]!.answer = () => answer;
      for (let i = 0; i < 3; i++) {
        if (answer === 'hang' && i > 0) break;
        expect((await send()).accepted).toBe(false);
      }
      expect(forwarder.states[0]).toMatchObject({ up: false, consecutiveFailures: answer === 'hang' ? 1 : 3 });
      storages[0]!.answer = () => 204;
      expect(await send()).toEqual(DELIVERED);
      expect(stored(storages[0])).toEqual(ALL);
      expect(forwarder.states[0]).toMatchObject({ up: true, consecutiveFailures: 0 });
    },
  );

  it('that cannot be reached gets it later', async () => {
    const { port } = storages[0]!;
    await storages[0]!.stop();
    expect(await send()).toEqual({ accepted: false, detail: expect.stringMatching(/ECONNREFUSED/) as string });
    storages[0] = await TestStorage.start(undefined, port);
    expect(await send()).toEqual(DELIVERED);
  });
});

describe('a storage that answers 500', () => {
  beforeEach(() => open(1));

  it('to everything drops nothing, however often', async () => {
    storages[0]!.answer = () => 500;
    for (let i = 0; i < 4; i++) expect((await send()).accepted).toBe(false);
    storages[0]!.answer = () => 204;
    expect(await send()).toEqual(DELIVERED);
    expect(new Set(stored(storages[0]))).toEqual(new Set(ALL));
  });

  it('to one series loses that, after it has been tried again', async () => {
    storages[0]!.answer = (all) => (holds(all, 'c', 1) ? 500 : 204);
    expect((await send()).accepted).toBe(false);
    expect(await send()).toEqual(delivered(1));
    expect(new Set(stored(storages[0]))).toEqual(new Set(ALL.filter((name) => name !== 'c1')));
  });

  it('once while bisecting loses nothing', async () => {
    let requests = 0;
    storages[0]!.answer = (all) => (++requests <= 2 || (requests < 6 && holds(all, 'a', 1)) ? 500 : 204);
    for (let i = 0; i < 4; i++) await send();
    expect(new Set(stored(storages[0]))).toEqual(new Set(ALL));
  });

  it('and refuses what it has taken before still loses the culprit only', async () => {
    const taken = new Set<string>();
    storages[0]!.answer = (all) => {
      if (holds(all, 'c', 1)) return 500;
      const names = all.map(({ labels }) => labels[0]?.[1] ?? '');
      if (names.some((name) => taken.has(name) && name !== 'b')) return 400;
      for (const name of names) taken.add(name);
      return 204;
    };
    await send();
    expect(await send()).toEqual(delivered(1));
  });

  it('loses the culprit also when the deadline came between the others and the verdict', async () => {
    let seen = 0;
    storages[0]!.answer = (all) => {
      if (!holds(all, 'c', 1)) return 204;
      return all.length === 1 && ++seen === 2 ? 'hang' : 500;
    };
    await send();
    expect((await send()).accepted).toBe(false);
    expect(await send()).toEqual(delivered(1));
  });
});

describe('a deadline amid bisecting', () => {
  it('is taken up where it came, with nothing sent twice', async () => {
    await open(1, { pushTimeout: 300 });
    let slow = true;
    storages[0]!.answer = (all) => (holds(all, 'b', 2) ? 400 : slow && holds(all, 'd', 1) ? 'hang' : 204);
    expect((await send()).accepted).toBe(false);
    slow = false;
    expect(await send()).toMatchObject({ accepted: true });
    expect(stored(storages[0]).sort()).toEqual(['a1', 'b1', 'b3', 'c1', 'd1']);
  });
});

describe('two storages', () => {
  it.each([false, true])(
    'get each its own copy, and only the one that was away gets it again (same URL: %s)',
    async (sameUrl) => {
      await open(2, {}, sameUrl);
      const of = (tenant: string) =>
        storages.flatMap(({ requests }) => requests).filter(({ headers }) => headers['x-tenant'] === tenant);
      for (const storage of storages) storage.answer = (_all, headers) => (headers['x-tenant'] === '1' ? 503 : 204);
      expect((await send()).accepted).toBe(false);
      expect((await send()).accepted).toBe(false);
      for (const storage of storages) storage.answer = () => 204;
      expect(await send()).toEqual(delivered(0));
      expect(of('0').map(({ answer }) => answer)).toEqual([204]);
      expect(of('1').map(({ answer }) => answer)).toEqual([503, 503, 204]);
      expect(new Set(forwarder.states.map(({ name }) => name)).size).toBe(2);
    },
  );

  it('report the strictest', async () => {
    await open(2);
    storages[1]!.answer = (all) => (holds(all, 'a', 1) ? 400 : 204);
    expect(await send()).toEqual(delivered(1));
    expect(stored(storages[0])).toEqual(ALL);
  });
});
