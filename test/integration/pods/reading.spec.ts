import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { PodsApp } from './pods-app.js';

interface Item {
  uid?: string;
  name: string;
  [more: string]: unknown;
}

interface Page {
  items: Item[];
  next_cursor: string | null;
}

interface Rest {
  items: Item[];
  next: string | null;
}

/** What the answers looked at have, each some of it. */
interface Body extends Page {
  code: string;
  errors?: { field: string }[];
  children: Rest;
  first_pods: Rest;
}

const NODES = [
  { name: 'n1', address: '10.0.0.1', status: 'Ready' },
  { name: 'n2', status: 'NotReady' },
];
const WORKLOADS = [
  { uid: 'set', name: 'llama', namespace: 'ml', kind: 'JobSet', api_group: 'jobset.x-k8s.io', status: 'Running' },
  { uid: 'job', name: 'llama-0', namespace: 'ml', kind: 'Job', api_group: 'batch' },
  { uid: 'web', name: 'web', namespace: 'apps', kind: 'Deployment', api_group: 'apps' },
];
const gpu = (no: number) => ({ type: 'gpu', no, uuid: `GPU-${no}`, serial: `S${no}` });
const PODS = [
  {
    uid: 'p1',
    name: 'llama-0-0',
    namespace: 'ml',
    node_name: 'n1',
    phase: 'Running',
    pod_ip: '10.1.0.1',
    started_at: '2026-01-01T00:00:00Z',
    workload_uids: ['job', 'set'],
    devices: [gpu(10), gpu(9), { type: 'ib', name: 'mlx5_0' }],
  },
  { uid: 'p2', name: 'llama-0-1', namespace: 'ml', node_name: 'n2', phase: 'Pending', workload_uids: ['job', 'set'] },
  { uid: 'p3', name: 'web-0', namespace: 'apps', node_name: 'n1', phase: 'Running', workload_uids: ['web'] },
  { uid: 'bare', name: 'shell', namespace: 'ml', node_name: 'n2', phase: 'Running', devices: [gpu(0)] },
  { uid: 'done', name: 'llama-0-0', namespace: 'ml', node_name: 'n1', phase: 'Succeeded', workload_uids: ['job'] },
];

describe('the inventory over HTTP', () => {
  let database: TestDatabase;
  let app: PodsApp;

  beforeAll(async () => {
    database = await createTestDatabase();
    app = await PodsApp.start(database.url);
    const answer = await app.put({ nodes: NODES, workloads: WORKLOADS, pods: PODS });
    expect(answer.status).toBe(200);
    await sql(`UPDATE workloads SET owner_uid = 'set' WHERE uid = 'job'`);
    await sql(`UPDATE pod_workloads SET depth = CASE workload_uid WHEN 'job' THEN 1 ELSE 2 END, is_root = workload_uid = 'set'
      WHERE workload_uid IN ('job', 'set')`);
    await sql(`INSERT INTO containers (id, name, status, phase, pod_uid, started_at, exit_code, exited_at, oom_killed) VALUES
      ('c1', 'main', 'die', 'exited', 'p1', '2026-01-01T00:00:01Z', 137, '2026-01-01T00:00:09Z', true),
      ('c2', 'main', 'start', 'running', 'p1', '2026-01-01T00:00:10Z', null, null, false)`);
    await sql(`INSERT INTO device_bindings (node_name, kind, key, pod_uid, source, bound_at, released_at) VALUES
      ('n1', 'gpu', '8', 'p1', 'kubernetes', '2026-01-01T00:00:02Z', '2026-01-01T00:00:03Z'),
      ('n1', 'gpu', '9', 'done', 'kubernetes', '2025-12-01T00:00:02Z', '2025-12-01T00:00:03Z')`);
    await sql(`INSERT INTO pods (uid, name, namespace, ended_at, sources, owners_known) VALUES
      ('new', 'starting', 'ml', null, '{container_event}', false)`);
    await sql(`INSERT INTO workloads (uid, name, namespace, kind, sources, removed_at) VALUES
      ('old', 'bert', 'ml', 'Job', '{kubernetes}', '2026-01-02T00:00:00Z')`);
    await sql(`INSERT INTO nodes (name, sources, removed_at) VALUES ('n0', '{}', '2026-01-02T00:00:00Z')`);
  });

  afterAll(async () => {
    await app.stop();
    await database.drop();
  });

  const sql = (statement: string, parameters: unknown[] = []) => database.dataSource.query(statement, parameters);
  const get = async (path: string) => (await app.request('GET', path)) as { status: number; body: Body };

  async function uids(path: string): Promise<string[]> {
    const { status, body } = await get(path);
    expect({ path, status, next: body.next_cursor }).toEqual({ path, status: 200, next: null });
    return body.items.map(({ uid, name }) => uid ?? name);
  }

  async function expectLists(wanted: Record<string, string[]>, base: string): Promise<void> {
    for (const [query, expected] of Object.entries(wanted)) {
      expect([query, await uids(`${base}?${query}`)]).toEqual([query, expected]);
    }
  }

  async function expectRefused(path: string, field?: string): Promise<void> {
    const { status, body } = await get(path);
    expect([path.slice(0, 80), status, body.code]).toEqual([path.slice(0, 80), 400, 'invalid_request']);
    if (field !== undefined) expect(body.errors?.map((error) => error.field)).toContain(field);
  }

  describe('GET /v1/pods', () => {
    it('lists what each filter asks for, ordered by namespace, name and UID', async () => {
      const wanted = {
        '': ['p3', 'p1', 'p2', 'bare', 'new'],
        'state=running': ['p3', 'p1', 'p2', 'bare', 'new'],
        'state=ended': ['done'],
        'state=all': ['p3', 'done', 'p1', 'p2', 'bare', 'new'],
        'namespace=ml': ['p1', 'p2', 'bare', 'new'],
        'namespace=': [],
        'node=n1': ['p3', 'p1'],
        'node=n1&state=all': ['p3', 'done', 'p1'],
        'phase=Running': ['p3', 'p1', 'bare'],
        'phase=Succeeded': [],
        'phase=Succeeded&state=ended': ['done'],
        'name=llama-0-0&state=all': ['done', 'p1'],
        'workload_uid=set': ['p1', 'p2'],
        'workload_uid=job&state=all': ['done', 'p1', 'p2'],
        'workload_uid=job&node=n2': ['p2'],
        'workload_uid=bare': ['bare'],
        'workload_uid=p1': [],
        'workload_uid=new': [],
        'workload_uid=nobody': [],
        'device_kind=gpu': ['p1', 'bare'],
        'device_kind=gpu&namespace=ml&node=n2': ['bare'],
        'device_kind=infiniband': ['p1'],
        'device_kind=asic': [],
        'device_kind=gpu&state=ended': [],
      };
      await expectLists(wanted, '/v1/pods');
    });

    it('shows workloads from the nearest to the root, and devices in the order of their numbers', async () => {
      const [pod] = (await get('/v1/pods?name=llama-0-0')).body.items;
      expect(pod).toEqual({
        uid: 'p1',
        name: 'llama-0-0',
        namespace: 'ml',
        node_name: 'n1',
        phase: 'Running',
        pod_ip: '10.1.0.1',
        host_network: null,
        started_at: '2026-01-01T00:00:00.000Z',
        ended_at: null,
        workloads: [
          { uid: 'job', name: 'llama-0', namespace: 'ml', kind: 'Job', api_group: 'batch', root: false, depth: 1 },
          {
            uid: 'set',
            name: 'llama',
            namespace: 'ml',
            kind: 'JobSet',
            api_group: 'jobset.x-k8s.io',
            root: true,
            depth: 2,
          },
        ],
        devices: [
          expect.objectContaining({ kind: 'gpu', key: '9', uuid: 'GPU-9', serial: 'S9', source: 'inventory' }),
          expect.objectContaining({ kind: 'gpu', key: '10', until: null, container_id: null, node_name: 'n1' }),
          expect.objectContaining({ kind: 'infiniband', key: 'mlx5_0', since: null, seen_at: null }),
        ],
        sources: ['inventory'],
      });
    });

    it('shows a pod without owners as its own workload, and one whose owners are not known without any', async () => {
      const itself = { uid: 'bare', name: 'shell', namespace: 'ml', kind: 'Pod', api_group: '', root: true, depth: 0 };
      expect((await get('/v1/pods?name=shell')).body.items[0]?.workloads).toEqual([itself]);
      expect((await get('/v1/pods?name=starting')).body.items[0]?.workloads).toEqual([]);
    });

    it('does not take the places of the other paths below it', async () => {
      expect((await get('/v1/pods/cache')).body).toHaveProperty('n2');
      expect((await get('/v1/pods/workload/cache')).body).toHaveProperty('shell');
      expect((await app.put({})).status).toBe(400);
    });
  });

  describe('GET /v1/pods/:uid', () => {
    it('tells everything about the pod', async () => {
      const { status, body } = await get('/v1/pods/p1');
      expect(status).toBe(200);
      expect(body).toMatchObject({
        uid: 'p1',
        owner_chain: [
          { uid: 'job', owner_uid: 'set', root: false, status: null, ended_at: null },
          { uid: 'set', owner_uid: null, root: true, status: 'Running' },
        ],
        released_devices: [{ key: '8', until: '2026-01-01T00:00:03.000Z', source: 'kubernetes' }],
        containers: [
          { id: 'c2', phase: 'running', exit_code: null, oom_killed: false, exited_at: null },
          {
            id: 'c1',
            phase: 'exited',
            status: 'die',
            exit_code: 137,
            oom_killed: true,
            exited_at: '2026-01-01T00:00:09.000Z',
          },
        ],
      });
      expect(body).not.toHaveProperty('owners_known');
    });

    it('knows ended pods and pods without owners, and no others', async () => {
      expect((await get('/v1/pods/done')).body).toMatchObject({
        uid: 'done',
        ended_at: expect.any(String) as unknown,
      });
      expect((await get('/v1/pods/bare')).body).toMatchObject({ owner_chain: [{ uid: 'bare', kind: 'Pod' }] });
      expect(await get('/v1/pods/nobody')).toMatchObject({ status: 404, body: { code: 'not_found' } });
    });
  });

  describe('GET /v1/workloads', () => {
    it('lists what each filter asks for', async () => {
      const wanted = {
        '': ['web', 'set', 'job'],
        'state=ended': ['old'],
        'state=all': ['web', 'old', 'set', 'job'],
        'namespace=ml': ['set', 'job'],
        'kind=Job': ['job'],
        'kind=Job&state=all': ['old', 'job'],
        'api_group=batch': ['job'],
        'name=llama': ['set'],
        'root=true': ['web', 'set'],
        'root=false': ['job'],
        'owner_uid=set': ['job'],
        'node=n1': ['web', 'set', 'job'],
        'node=n2': ['set', 'job'],
        'node=n2&root=true': ['set'],
        'kind=Pod': ['bare'],
        'kind=Pod&state=all': ['bare'],
        'kind=Pod&node=n1': [],
        'kind=Pod&root=false': [],
        'kind=Pod&api_group=apps': [],
      };
      await expectLists(wanted, '/v1/workloads');
    });

    it('counts running pods by phase, and devices once', async () => {
      await sql(
        `INSERT INTO device_bindings (node_name, kind, key, pod_uid, source) VALUES ('n1', 'gpu', '9', 'p1', 'exporter')`,
      );
      const [set] = (await get('/v1/workloads?name=llama')).body.items;
      expect(set).toEqual({
        uid: 'set',
        name: 'llama',
        namespace: 'ml',
        kind: 'JobSet',
        api_group: 'jobset.x-k8s.io',
        status: 'Running',
        owner_uid: null,
        ended_at: null,
        sources: ['inventory'],
        since: '2026-01-01T00:00:00.000Z',
        pods: { total: 2, by_phase: { Running: 1, Pending: 1 } },
        devices: 3,
      });
      await sql(`DELETE FROM device_bindings WHERE source = 'exporter'`);
    });
  });

  describe('GET /v1/workloads/:uid', () => {
    it('tells what is above and below it, its pods and where its devices are', async () => {
      expect((await get('/v1/workloads/job')).body).toMatchObject({
        uid: 'job',
        owner_chain: [{ uid: 'set', kind: 'JobSet' }],
        children: { items: [], next: null },
        first_pods: { items: [{ uid: 'p1' }, { uid: 'p2' }], next: null },
        devices_by_node: [
          { node_name: 'n1', kind: 'gpu', count: 2 },
          { node_name: 'n1', kind: 'infiniband', count: 1 },
        ],
      });
      expect((await get('/v1/workloads/set')).body).toMatchObject({
        owner_chain: [],
        children: { items: [{ uid: 'job', owner_uid: 'set' }], next: null },
      });
    });

    it('answers for a pod that is its own workload, and not for other pods', async () => {
      expect((await get('/v1/workloads/bare')).body).toMatchObject({
        uid: 'bare',
        kind: 'Pod',
        pods: { total: 1, by_phase: { Running: 1 } },
        devices: 1,
        first_pods: { items: [{ uid: 'bare' }] },
        devices_by_node: [{ node_name: 'n2', kind: 'gpu', count: 1 }],
      });
      expect((await get('/v1/workloads/p1')).status).toBe(404);
      expect((await get('/v1/workloads/new')).status).toBe(404);
    });

    it('ends a circle of owners, and answers for made-up UIDs', async () => {
      const uid = 'Job.batch/ml/a b';
      await sql(
        `INSERT INTO workloads (uid, name, namespace, kind, sources, owner_uid) VALUES
        ($1, 'a', 'zz', 'Job', '{kubernetes}', 'circle'), ('circle', 'b', 'zz', 'Job', '{kubernetes}', $1)`,
        [uid],
      );
      const answer = await get(`/v1/workloads/${encodeURIComponent(uid)}`);
      expect(answer).toMatchObject({ status: 200, body: { uid, owner_chain: [{ uid: 'circle' }] } });
      await sql(`DELETE FROM workloads WHERE namespace = 'zz'`);
    });

    it('tells the requests for the rest of pods and children', async () => {
      await sql(`INSERT INTO workloads (uid, name, namespace, kind, sources, owner_uid)
        SELECT 'b' || i, 'b', 'zz', 'Job', '{kubernetes}', CASE WHEN i > 0 THEN 'b0' END FROM generate_series(0, 150) i`);
      await sql(
        `INSERT INTO pods (uid, name, namespace, sources) SELECT 'zz' || i, 'b', 'zz', '{kubernetes}' FROM generate_series(1, 150) i`,
      );
      await sql(
        `INSERT INTO pod_workloads (pod_uid, workload_uid, sources) SELECT 'zz' || i, 'b0', '{kubernetes}' FROM generate_series(1, 150) i`,
      );
      const { body } = await get('/v1/workloads/b0');
      for (const rest of [body.children, body.first_pods]) {
        const more = (await get(rest.next!)).body;
        expect([rest.items.length, more.items.length, more.next_cursor]).toEqual([100, 50, null]);
        expect(new Set([...rest.items, ...more.items].map((item) => item.uid)).size).toBe(150);
      }
      for (const table of ['workloads', 'pods']) await sql(`DELETE FROM ${table} WHERE namespace = 'zz'`);
      await sql(`DELETE FROM pod_workloads WHERE workload_uid = 'b0'`);
    });
  });

  describe('GET /v1/nodes', () => {
    it('lists what each filter asks for', async () => {
      const wanted = {
        '': ['n1', 'n2'],
        'state=removed': ['n0'],
        'state=all': ['n0', 'n1', 'n2'],
        'status=NotReady': ['n2'],
        'name=n1': ['n1'],
        'name=n1&status=NotReady': [],
      };
      await expectLists(wanted, '/v1/nodes');
    });

    it('shows who holds which device, and in the answer about one node which are idle', async () => {
      const { body } = await get('/v1/nodes/n1');
      expect(body).toMatchObject({ name: 'n1', addresses: ['10.0.0.1'], status: 'Ready', removed_at: null, pods: 2 });
      expect(body).toMatchObject({
        devices: [
          { key: '9', holders: [{ pod: { uid: 'p1', name: 'llama-0-0', namespace: 'ml' }, source: 'inventory' }] },
          { key: '10', holders: [{ workloads: [{ uid: 'job' }, { uid: 'set', root: true }] }] },
          { key: 'mlx5_0' },
        ],
        idle_devices: [{ kind: 'gpu', key: '8', holders: [{ pod: { uid: 'p1' }, until: '2026-01-01T00:00:03.000Z' }] }],
      });
      const [, second] = (await get('/v1/nodes')).body.items;
      expect(second).toMatchObject({
        name: 'n2',
        devices: [{ holders: [{ workloads: [{ uid: 'bare', kind: 'Pod' }] }] }],
      });
      expect((await get('/v1/nodes/nowhere')).status).toBe(404);
    });
  });

  describe('refused requests', () => {
    const lists = ['/v1/pods', '/v1/workloads', '/v1/nodes'];
    const cursor = (...parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString('base64url');

    it.each(lists)('%s refuses what it does not know, naming it', async (list) => {
      await expectRefused(`${list}?namespaces=ml`, 'namespaces');
      await expectRefused(`${list}?name=a&name=b`, 'name');
      await expectRefused(`${list}?name[x]=a`);
      await expectRefused(`${list}?limit=1&limit=2`, 'limit');
      for (const limit of ['0', '1001', '-1', '1.5', '1e2', 'x', '', '99999999999999999999']) {
        await expectRefused(`${list}?limit=${limit}`, 'limit');
      }
      await expectRefused(`${list}?state=gone`, 'state');
    });

    it.each(lists)('%s refuses cursors that it has not made', async (list) => {
      const name = list.slice('/v1/'.length);
      const key = name === 'nodes' ? ['a'] : ['a', 'b', 'c'];
      const forged = [
        '',
        'x',
        '%00',
        'e30',
        cursor(),
        cursor(name),
        cursor(name, ...key, 'more'),
        cursor(name, ...key.slice(1), 1),
        cursor(name, ...key.slice(1), 'a\0b'),
        cursor('others', ...key),
        `${cursor(name, ...key)}=`,
        `${cursor(name, ...key)} `,
      ];
      for (const one of forged) await expectRefused(`${list}?cursor=${encodeURIComponent(one)}`, 'cursor');
      await expectRefused(`${list}?cursor=${cursor(name, ...key)}&cursor=${cursor(name, ...key)}`, 'cursor');
      expect((await get(`${list}?cursor=${cursor(name, ...key)}`)).status).toBe(200);
    });

    it('answers strange texts with 400 or with nothing found', async () => {
      const long = 'x'.repeat(5_000);
      const texts = {
        '/v1/pods': ['namespace', 'node', 'phase', 'name', 'workload_uid'],
        '/v1/workloads': ['namespace', 'kind', 'api_group', 'name', 'owner_uid', 'node'],
        '/v1/nodes': ['name', 'status'],
      };
      for (const [list, fields] of Object.entries(texts)) {
        for (const field of fields) {
          await expectRefused(`${list}?${field}=a%00b`, field);
          await expectRefused(`${list}?${field}=${long}`, field);
          for (const odd of ['%F0%9F%92%A9', '%EF%BF%BF', '%ff', "'%20OR%20true--", '%ED%A0%80', '%E2%80%AE']) {
            expect(await get(`${list}?${field}=${odd}`)).toMatchObject({ status: 200, body: { items: [] } });
          }
        }
        await expectRefused(`${list}/a%00b`);
        await expectRefused(`${list}/${long}`);
        await expectRefused(`${list}/%ff`);
        expect((await get(`${list}/%F0%9F%92%A9`)).status).toBe(404);
      }
      await expectRefused('/v1/workloads?root=yes', 'root');
      await expectRefused('/v1/workloads?root=true&root=true', 'root');
      await expectRefused('/v1/pods?device_kind=tpu', 'device_kind');
    });
  });
});
