import * as fc from 'fast-check';
import { LearnedDevices } from '../../../src/pods/learned-devices/learned-devices.service.js';
import type { LearnedDevice } from '../../../src/pods/core/learned-device.js';
import type { TestDatabase } from '../../support/database.js';
import { eachWithFreshApp, PodsApp } from './pods-app.js';

const T = Date.UTC(2026, 0, 1);
const at = (seconds: number) => T + seconds * 1_000;
const FOREVER = -Infinity;

describe('learned devices', () => {
  let app: PodsApp;
  let database: TestDatabase;
  let query: <T>(sql: string) => Promise<T[]>;
  let devices: LearnedDevices;

  eachWithFreshApp((fresh) => ({ app, database, query } = fresh));

  beforeEach(async () => {
    devices = app.get(LearnedDevices);
    await query(`INSERT INTO pods (uid, name, namespace, node_name, owners_known, sources)
      SELECT uid, uid, 'ml', 'n1', true, '{kubernetes}' FROM unnest(ARRAY['a', 'b', 'c', 'x']) AS uid`);
  });

  const says = (podUid: string, first: number, last: number, part: Partial<LearnedDevice> = {}): LearnedDevice => ({
    ...{ node: 'n1', kind: 'gpu', key: '0', uuid: null, serial: null, podUid },
    ...{ first: at(first), last: at(last), ...part },
  });
  const learn = (...all: LearnedDevice[]) => devices.learn(all);
  /** `pod bound-released seen`, oldest first; withdrawn ones are left out. */
  const bindings = async (): Promise<string[]> => {
    const time = (column: string) =>
      `coalesce(round(extract(epoch FROM ${column} - to_timestamp(${T / 1_000})))::text, '')`;
    const rows = await query<{ text: string }>(`
      SELECT pod_uid || ' ' || ${time('bound_at')} || '-' || ${time('released_at')} || ' ' || ${time('seen_at')} AS text
      FROM device_bindings WHERE source = 'exporter' AND NOT withdrawn ORDER BY bound_at, pod_uid`);
    return rows.map(({ text }) => text);
  };
  const bind = (source: string, podUid: string, boundAt: number | null, key = '0') =>
    query(`INSERT INTO device_bindings (node_name, kind, key, pod_uid, source, bound_at)
      VALUES ('n1', 'gpu', '${key}', '${podUid}', '${source}', ${boundAt === null ? 'NULL' : `to_timestamp(${at(boundAt) / 1_000})`})`);
  const changed = async () =>
    (await query<{ xid: string }>('SELECT max(changed_xid)::text AS xid FROM device_bindings'))[0];

  it('are held from the first sample on, and renewing them leaves the caches alone', async () => {
    expect(await learn(says('a', 0, 10))).toEqual({ written: 1, released: 0, withdrawn: 0 });
    const before = await changed();
    expect(await learn(says('a', 5, 70), says('a', 5, 60))).toMatchObject({ written: 0 });
    expect(await bindings()).toEqual(['a 0- 70']);
    expect(await changed()).toEqual(before);
    await learn(says('a', 0, 80, { uuid: 'GPU-1' }));
    expect(await changed()).not.toEqual(before);
    await app.cache.refresh();
    expect(await app.devicePods()).toEqual({ n1: { gpu_id: { 0: ['a', 'a'] } } });
  });

  it('are not given to pods that have ended, run elsewhere or are unknown', async () => {
    await query(`UPDATE pods SET ended_at = now() WHERE uid = 'a'; UPDATE pods SET node_name = 'n2' WHERE uid = 'b'`);
    await learn(says('a', 0, 1), says('b', 0, 1), says('nobody', 0, 1));
    expect(await bindings()).toEqual([]);
  });

  it('pass to a pod that is named instead, from its first sample on', async () => {
    await learn(says('a', 0, 100));
    await learn(says('b', 115, 230));
    await devices.tidy([], FOREVER);
    expect(await bindings()).toEqual(['a 0- 100', 'b 115- 230']);
    await learn(says('b', 115, 240));
    expect(await devices.tidy([], FOREVER)).toMatchObject({ released: 1 });
    expect(await bindings()).toEqual(['a 0-115 100', 'b 115- 240']);
    await learn(says('a', 0, 100));
    expect(await bindings()).toHaveLength(2);
  });

  it('stay with two pods that are named at the same time', async () => {
    await learn(says('a', 0, 300), says('b', 115, 300));
    await devices.tidy([], FOREVER);
    expect(await bindings()).toEqual(['a 0- 300', 'b 115- 300']);
  });

  it('are released at the last sample when nobody says so any more, and begin anew after that', async () => {
    await learn(says('a', 0, 100), says('b', 0, 200, { key: '1' }));
    expect(await devices.tidy([], at(150))).toMatchObject({ released: 1 });
    expect(await bindings()).toEqual(['a 0-100 100', 'b 0- 200']);
    await learn(says('a', 50, 400));
    expect(await bindings()).toEqual(['a 0-100 100', 'b 0- 200', 'a 100- 400']);
  });

  it('are released with their pod, whoever ended it', async () => {
    await learn(says('a', 0, 100));
    await query(`UPDATE pods SET ended_at = to_timestamp(${at(120) / 1_000}) WHERE uid = 'a'`);
    await devices.tidy([], FOREVER);
    expect(await bindings()).toEqual(['a 0-120 100']);
  });

  it.each(['inventory', 'container_event', 'kubernetes'])('give way to what is known from %s', async (source) => {
    await bind(source, 'b', 0, '1');
    await learn(says('a', 0, 100), says('a', 0, 100, { key: '1' }), says('a', 50, 100, { key: '2' }));
    expect(await bindings()).toEqual(['a 0- 100', 'a 50- 100']);
    await bind(source, 'b', 60);
    await bind(source, 'b', null, '2');
    expect(await devices.tidy([], FOREVER)).toEqual({ written: 0, released: 1, withdrawn: 1 });
    expect(await bindings()).toEqual(['a 0-60 100']);
    await query(`UPDATE device_bindings SET released_at = to_timestamp(${at(150) / 1_000}) WHERE source = '${source}'`);
    await learn(says('a', 0, 140));
    expect(await bindings()).toEqual(['a 0-60 100']);
    await learn(says('a', 0, 200));
    expect(await bindings()).toEqual(['a 0-60 100', 'a 150- 200']);
  });

  it('of an exporter are taken back', async () => {
    await learn(says('x', 0, 100), says('a', 0, 100, { key: '1' }));
    expect(await devices.tidy(['x'], FOREVER)).toMatchObject({ withdrawn: 1 });
    expect(await bindings()).toEqual(['a 0- 100']);
  });

  it('are written by several replicas at once', async () => {
    const other = await PodsApp.start(database.url);
    try {
      const keys = Array.from({ length: 50 }, (_, i) => String(i));
      const all = (last: number) => keys.map((key) => says('a', 0, last, { key }));
      await Promise.all(
        [10, 20, 30, 40].flatMap((last) => [
          devices.learn(all(last)),
          other.get(LearnedDevices).learn(all(last).reverse()),
          other.get(LearnedDevices).tidy([], FOREVER),
        ]),
      );
      expect(new Set(await bindings())).toEqual(new Set(['a 0- 40']));
      expect(await bindings()).toHaveLength(50);
    } finally {
      await other.stop();
    }
  });

  it('never overlap for one pod nor end before they begin, whatever is heard in whatever order', async () => {
    const time = fc.integer({ min: 0, max: 1_000 });
    const podUid = fc.constantFrom('a', 'b', 'c');
    const step = fc.oneof(
      fc.tuple(podUid, time, fc.integer({ min: 0, max: 400 })).map(([uid, first, length]) => async () => {
        await learn(says(uid, first, first + length));
      }),
      fc.option(time, { nil: undefined }).map((since) => async () => {
        await devices.tidy([], since === undefined ? FOREVER : at(since));
      }),
      fc.tuple(podUid, fc.option(time)).map(([uid, since]) => async () => {
        await query(`DELETE FROM device_bindings WHERE source = 'inventory' AND released_at IS NULL`);
        await bind('inventory', uid, since);
      }),
      time.map((until) => async () => {
        await query(`UPDATE device_bindings SET released_at = greatest(bound_at, to_timestamp(${at(until) / 1_000}))
          WHERE source = 'inventory' AND released_at IS NULL`);
      }),
      fc.tuple(podUid, fc.option(time)).map(([uid, end]) => async () => {
        await query(
          `UPDATE pods SET ended_at = ${end === null ? 'NULL' : `to_timestamp(${at(end) / 1_000})`} WHERE uid = '${uid}'`,
        );
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
        await query(`DELETE FROM device_bindings; UPDATE pods SET ended_at = NULL`);
        for (const run of steps) await run();
        const wrong = await query(`
          SELECT a.id FROM device_bindings a LEFT JOIN device_bindings b ON b.id <> a.id AND b.source = a.source
            AND b.pod_uid = a.pod_uid AND b.key = a.key AND NOT b.withdrawn
          WHERE a.source = 'exporter' AND NOT a.withdrawn AND (a.released_at < a.bound_at OR a.seen_at IS NULL
            OR b.id IS NOT NULL AND tstzrange(a.bound_at, a.released_at) && tstzrange(b.bound_at, b.released_at))`);
        expect(wrong).toEqual([]);
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});
