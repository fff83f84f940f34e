import type { AddressInfo } from 'node:net';
import { HttpAdapterHost } from '@nestjs/core';
import type { ExpressAdapter } from '@nestjs/platform-express';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { PodsApp } from './pods-app.js';

interface Page {
  items: { uid?: string; name: string }[];
  next_cursor: string | null;
}

const SECRET = 'secret-0123456789';
const ROLES = ['viewer', 'editor', 'admin', 'ingest'] as const;
const TOKENS = ROLES.map((role) => `${role}:${role}:${role}-${SECRET}`).join(',');

/** Names that order strangely or could break a cursor. */
const WORDS = ['a', 'A', 'b', 'a-b', 'ab', 'a b', 'ä', 'é', 'e\u0301', '日本', '😀', '"', "'", '\\', '%', '', '\uffff'];

describe('the pages of the inventory', () => {
  let database: TestDatabase;
  let app: PodsApp;
  let url: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    app = await PodsApp.start(database.url);
    url = database.url;
    await sql(
      `INSERT INTO pods (uid, name, namespace, node_name, phase, owners_known, ended_at, sources)
       SELECT 'p' || i, w.words[1 + i % 17], w.words[1 + i / 17 % 5], w.words[1 + i % 3], w.words[1 + i % 2], i % 4 = 0,
         CASE WHEN i % 3 = 0 THEN now() END, '{kubernetes}' FROM generate_series(1, 400) i, (SELECT $1::text[] AS words) w`,
      [WORDS],
    );
    await sql(
      `INSERT INTO workloads (uid, name, namespace, kind, api_group, removed_at, sources)
       SELECT 'w' || i, w.words[1 + i % 17], w.words[1 + i / 17 % 5], CASE WHEN i % 2 = 0 THEN 'Job' ELSE 'Pod' END, '',
         CASE WHEN i % 3 = 0 THEN now() END, '{kubernetes}' FROM generate_series(1, 200) i, (SELECT $1::text[] AS words) w`,
      [WORDS],
    );
    await sql(`INSERT INTO pod_workloads (pod_uid, workload_uid, sources)
      SELECT 'p' || i, 'w' || 1 + i % 50, '{kubernetes}' FROM generate_series(1, 400) i WHERE i % 8 <> 0`);
    await sql(
      `INSERT INTO nodes (name, removed_at, sources)
      SELECT unnest($1::text[]) || i, CASE WHEN i = 2 THEN now() END, '{kubernetes}' FROM generate_series(1, 3) i`,
      [WORDS],
    );
  });

  afterAll(async () => {
    await app.stop();
    await database.drop();
  });

  const sql = (statement: string, parameters: unknown[] = []) =>
    database.dataSource.query<{ id: string }[]>(statement, parameters);

  async function walk(path: string, afterPage: () => Promise<unknown> = () => Promise.resolve()): Promise<string[]> {
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { status, body } = await app.request('GET', path + (cursor === '' ? '' : `&cursor=${cursor}`));
      expect([path, status]).toEqual([path, 200]);
      const page = body as Page;
      seen.push(...page.items.map(({ uid, name }) => uid ?? name));
      cursor = page.next_cursor;
      await afterPage();
    }
    return seen;
  }

  async function statusAs(guarded: PodsApp, role: string, path: string): Promise<number> {
    const { httpAdapter } = guarded.get<HttpAdapterHost<ExpressAdapter>>(HttpAdapterHost);
    const { port } = httpAdapter.getHttpServer().address() as AddressInfo;
    const headers = { authorization: `Bearer ${role}-${SECRET}` };
    return (await fetch(`http://127.0.0.1:${port}${path}`, { headers })).status;
  }

  const pods = (where: string) => `SELECT uid AS id FROM pods WHERE ${where} ORDER BY namespace, name, uid`;
  const workloads = (where: string) => `SELECT uid AS id FROM workloads WHERE ${where} ORDER BY namespace, name, uid`;

  it.each([
    ['/v1/pods?state=all', pods('true')],
    ['/v1/pods?', pods('ended_at IS NULL')],
    ['/v1/pods?state=ended', pods('ended_at IS NOT NULL')],
    ['/v1/pods?state=all&node=a&phase=A', pods(`node_name = 'a' AND phase = 'A'`)],
    [
      '/v1/pods?state=all&workload_uid=w7',
      pods(`uid IN (SELECT pod_uid FROM pod_workloads WHERE workload_uid = 'w7')`),
    ],
    ['/v1/workloads?state=all', workloads('true')],
    ['/v1/workloads?kind=Job', workloads(`removed_at IS NULL AND kind = 'Job'`)],
    ['/v1/nodes?state=all', 'SELECT name AS id FROM nodes ORDER BY name'],
  ])('%s comes to everything once, in order', async (path, expected) => {
    const wanted = (await sql(expected)).map(({ id }) => id);
    expect(wanted.length).toBeGreaterThan(5);
    for (const limit of [1, 7, 1_000]) expect(await walk(`${path}&limit=${limit}`)).toEqual(wanted);
  });

  it('lists pods that are their own workloads among workloads called Pod, however far apart they are', async () => {
    await sql(`INSERT INTO pods (uid, name, namespace, owners_known, sources)
      SELECT 'far' || i, 'far', 'far', i % 9000 = 0, '{kubernetes}' FROM generate_series(1, 18001) i`);
    const wanted = await sql(`SELECT uid AS id FROM (
      SELECT uid, name, namespace FROM workloads WHERE kind = 'Pod' AND removed_at IS NULL UNION ALL
      SELECT uid, name, namespace FROM pods WHERE owners_known AND ended_at IS NULL
        AND uid NOT IN (SELECT pod_uid FROM pod_workloads)) t ORDER BY namespace, name, uid`);
    for (const limit of [7, 1_000]) {
      expect(await walk(`/v1/workloads?kind=Pod&limit=${limit}`)).toEqual(wanted.map(({ id }) => id));
    }
    await sql(`DELETE FROM pods WHERE namespace = 'far'`);
  });

  it('comes once to what stays, while other rows come and go', async () => {
    const stays = (await sql(pods('true'))).map(({ id }) => id);
    let count = 0;
    const seen = await walk('/v1/pods?state=all&limit=9', async () => {
      count += 1;
      await sql(`INSERT INTO pods (uid, name, namespace, sources) VALUES ($1, $2, 'a', '{kubernetes}')`, [
        `new${count}`,
        WORDS[count % WORDS.length],
      ]);
      if (count % 2 === 0) await sql(`DELETE FROM pods WHERE uid = $1`, [`new${count - 1}`]);
    });
    expect(seen.filter((uid) => !uid.startsWith('new'))).toEqual(stays);
    expect(new Set(seen).size).toBe(seen.length);
    await sql(`DELETE FROM pods WHERE uid LIKE 'new%'`);
  });

  it('is shown to viewers, editors and admins, and to nobody else', async () => {
    const guarded = await PodsApp.start(url, { AUTH_MODE: 'tokens', AUTH_TOKENS: TOKENS });
    for (const path of ['/v1/pods', '/v1/pods/p1', '/v1/workloads', '/v1/workloads/w1', '/v1/nodes', '/v1/nodes/a1']) {
      const statuses: Record<string, number> = { nobody: (await guarded.request('GET', path)).status };
      for (const role of ROLES) statuses[role] = await statusAs(guarded, role, path);
      expect([path, statuses]).toEqual([path, { nobody: 401, viewer: 200, editor: 200, admin: 200, ingest: 403 }]);
    }
    await guarded.stop();
  });

  it('is unavailable while the database is', async () => {
    const own = await createTestDatabase();
    const other = await PodsApp.start(own.url);
    await own.drop();
    for (const path of ['/v1/pods', '/v1/pods/p1', '/v1/workloads', '/v1/workloads/w1', '/v1/nodes', '/v1/nodes/a1']) {
      expect(await other.request('GET', path)).toMatchObject({ status: 503, body: { status: 503 } });
    }
    await other.stop();
  });
});
