import { connect } from 'node:net';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { snappyCompress } from '../../src/wire/snappy.js';
import { eventually } from '../support/eventually.js';
import { ServiceProcess } from '../support/metrics-service.js';
import { TestStorage, type StorageAnswer } from '../support/metrics-storage.js';
import {
  series,
  STALE,
  writeRequest,
  writeRequestV2,
  type HistogramPoint,
  type Series,
} from '../support/metrics-wire.js';

const V1 = { 'content-type': 'application/x-protobuf', 'x-prometheus-remote-write-version': '0.1.0' };
const V2 = {
  'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request',
  'x-prometheus-remote-write-version': '2.0.0',
};
const SNAPPY = { 'content-encoding': 'snappy' };
const MIB = 1024 ** 2;

interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}
interface Sent {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  body?: Buffer;
}

let storage: TestStorage;
let service: ServiceProcess;
let clock = Date.now();

beforeAll(async () => {
  storage = await TestStorage.start();
  service = await ServiceProcess.start({
    STORAGE_REMOTE_WRITE_URL: storage.url,
    METRICS_MAX_COMPRESSED_BYTES: '1MiB',
    METRICS_MAX_DECOMPRESSED_BYTES: '4MiB',
    METRICS_MAX_IN_FLIGHT_BYTES: '4MiB',
    METRICS_MAX_SERIES_PER_REQUEST: '1000',
    METRICS_MAX_LABELS_PER_SERIES: '40',
    METRICS_RETRY_AFTER: '1500ms',
    CACHE_REFRESH_INTERVAL: '500ms',
    AUTH_MODE: 'none',
  });
  await putInventory();
}, 90_000);

afterAll(async () => {
  await service.stop();
  await storage.stop();
});

beforeEach(() => {
  storage.answer = () => 204;
  storage.requests.length = 0;
  clock += 1_000;
});

function send({
  method = 'POST',
  path = '/v1/prometheus',
  headers = { ...V1, ...SNAPPY },
  body,
}: Sent): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const length: Record<string, string> = body === undefined ? {} : { 'content-length': String(body.length) };
    const options = {
      method,
      port: service.port,
      host: '127.0.0.1',
      path,
      headers: { ...length, ...headers },
      agent: false,
    };
    const request = httpRequest(options, (response) => {
      let text = '';
      response.on('data', (part: Buffer) => (text += part.toString()));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    });
    request.on('error', reject);
    request.setTimeout(8_000, () => request.destroy(new Error('no reply within 8 s')));
    request.end(body);
  });
}

async function putInventory(): Promise<void> {
  const body = {
    nodes: [{ name: 'n1', address: '10.0.0.1' }],
    workloads: [{ uid: 'w-uid', name: 'train', namespace: 'ml', kind: 'PyTorchJob' }],
    pods: [
      {
        uid: 'p-uid',
        name: 'train-0',
        namespace: 'ml',
        node_name: 'n1',
        phase: 'Running',
        workload_uids: ['w-uid'],
        devices: [{ type: 'gpu', no: 0, name: 'card0' }],
      },
    ],
  };
  // The port opens before the database does.
  await eventually(async () => {
    const response = await fetch(`${service.url}/v1/pods/inventory`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(await response.text());
    return true;
  }, 60_000);
  await eventually(async () => {
    const cache = (await (await fetch(`${service.url}/v1/pods/cache`)).json()) as object;
    return 'n1' in cache;
  });
}

const GPU = { __name__: 'gpu_temp', gpu_id: '0', node: 'n1' };
const NAMELESS: Series = { labels: [['a', 'b']], samples: [[1, 1]] };
const good = (value: number | string = 1): Series => series(GPU, [value, clock]);
const v1 = (...all: Series[]): Buffer => snappyCompress(writeRequest(all));
const v2 = (...all: Series[]): Buffer => snappyCompress(writeRequestV2(all));
const written = ({ headers }: Reply): (string | undefined)[] =>
  ['samples', 'histograms', 'exemplars'].map(
    (kind) => headers[`x-prometheus-remote-write-${kind}-written`] as string | undefined,
  );

/** An error of remote write: its status and one short line of plain text. */
function expectLine(reply: Reply, status: number, pattern: RegExp): void {
  expect([reply.status, reply.text]).toEqual([status, expect.stringMatching(pattern)]);
  expect(reply.headers['content-type']).toMatch(/^text\/plain/);
  expect(reply.text.trimEnd().split('\n')).toHaveLength(1);
  expect(Buffer.byteLength(reply.text)).toBeLessThanOrEqual(1_024);
}

function expectRetry(reply: Reply, pattern: RegExp): void {
  expectLine(reply, 503, pattern);
  expect(reply.headers['retry-after']).toBe('2');
}

describe('what is accepted', () => {
  const f = async (input: Sent, want: { status: number; text?: string }): Promise<void> => {
    const reply = await send(input);
    expect([reply.status, reply.text]).toEqual([want.status, want.text ?? '']);
  };

  it.each<[string, () => Sent, { status: number; text?: string }]>([
    ['a 1.0 request', () => ({ body: v1(good()) }), { status: 204 }],
    ['a path below', () => ({ path: '/v1/prometheus/api/v1/write', body: v1(good()) }), { status: 204 }],
    ['no Content-Type, no Content-Encoding', () => ({ headers: {}, body: v1(good()) }), { status: 204 }],
    [
      'proto=prometheus.WriteRequest',
      () => ({
        headers: { ...SNAPPY, 'content-type': 'application/x-protobuf;proto=prometheus.WriteRequest' },
        body: v1(good()),
      }),
      { status: 204 },
    ],
    [
      "vmagent's zstd",
      () => ({ headers: { ...V1, 'content-encoding': 'zstd' }, body: zstdCompressSync(writeRequest([good()])) }),
      { status: 204 },
    ],
    ['PUT with a body', () => ({ method: 'PUT', body: v1(good()) }), { status: 204 }],
    ['GET with a body', () => ({ method: 'GET', body: v1(good()) }), { status: 204 }],
    ['snappy of nothing', () => ({ body: Buffer.from([0]) }), { status: 204 }],
    [
      'metadata only',
      () => ({ body: snappyCompress(writeRequest([], [{ type: 2, family: 'm', help: 'h', unit: '' }])) }),
      { status: 204 },
    ],
    [
      'a series that belongs to nobody',
      () => ({ body: v1(series({ __name__: 'other' }, [1, clock])) }),
      { status: 204 },
    ],
    ['values below zero', () => ({ body: v1(good(-1)) }), { status: 204 }],
    ['one invalid series among valid ones', () => ({ body: v1(good(), NAMELESS) }), { status: 204 }],
    [
      'the handshake of vmagent',
      () => ({ method: 'GET', path: '/v1/prometheus?get_vm_proto_version=1' }),
      { status: 200, text: '1' },
    ],
  ])('%s', (_name, input, want) => f(input(), want));

  it('enriches before it forwards', async () => {
    await send({ body: v1(good(7)) });
    expect(storage.stored).toEqual(
      [
        series(
          {
            __name__: 'workload_gpu_temp',
            gpu_id: '0',
            job: 'primus-lens-telemetry-processor',
            node: 'n1',
            pod_name: 'train-0',
            pod_uid: 'p-uid',
            workload_kind: 'PyTorchJob',
            workload_name: 'train',
            workload_namespace: 'ml',
            workload_uid: 'w-uid',
          },
          ['401c000000000000', clock],
        ),
      ].map((one) => ({ ...one, exemplars: [], histograms: [] })),
    );
  });

  it('shows a status to GET, and none of the written counts to 1.0', async () => {
    const reply = await send({ method: 'GET', headers: {} });
    expect(reply.status).toBe(200);
    expect(JSON.parse(reply.text)).toMatchObject({ inventory_synced: true, storage: [{ up: true }] });
    const head = await send({ method: 'HEAD', headers: {} });
    expect([head.status, head.text]).toEqual([200, '']);
    expect(written(await send({ body: v1(good()) }))).toEqual([undefined, undefined, undefined]);
  });

  it('lets a sender continue that waits for 100', async () => {
    const reply = await send({ headers: { ...V1, ...SNAPPY, expect: '100-continue' }, body: v1(good()) });
    expect(reply.status).toBe(204);
  });
});

describe('what is refused for good', () => {
  const label = (i: number): [string, string] => [`l${i}`, 'x'];
  const corrupt = Buffer.from([0xff, 0xff, 0xff]);
  const bomb = (declared: number[]): Buffer => Buffer.from([...declared, 0, 0x61]);

  it.each<[string, () => Sent, number, RegExp]>([
    [
      'JSON',
      () => ({ headers: { ...SNAPPY, 'content-type': 'application/json' }, body: corrupt }),
      415,
      /application\/json/,
    ],
    ['an image', () => ({ headers: { ...SNAPPY, 'content-type': 'image/png' }, body: corrupt }), 415, /image\/png/],
    ['gzip', () => ({ headers: { ...V1, 'content-encoding': 'gzip' }, body: corrupt }), 415, /gzip/],
    ['true gzip', () => ({ headers: { ...V1, 'content-encoding': 'gzip' }, body: gzipSync('x') }), 415, /gzip/],
    ['deflate', () => ({ headers: { ...V2, 'content-encoding': 'deflate' }, body: corrupt }), 415, /deflate/],
    [
      'an unknown message',
      () => ({ headers: { ...SNAPPY, 'content-type': 'application/x-protobuf;proto=x.Y' }, body: corrupt }),
      415,
      /x\.Y/,
    ],
    [
      '2.0 announced, 1.0 typed',
      () => ({ headers: { ...V1, ...SNAPPY, 'x-prometheus-remote-write-version': '2.0.0' }, body: corrupt }),
      415,
      /version 2/,
    ],
    ['DELETE without a body', () => ({ method: 'DELETE' }), 405, /DELETE/],
    ['PUT without a body', () => ({ method: 'PUT' }), 405, /PUT/],
    ['a body of no bytes', () => ({ body: Buffer.alloc(0) }), 400, /empty/],
    ['text for snappy', () => ({ body: Buffer.from('plain text') }), 400, /byte \d+/],
    [
      'framed snappy',
      () => ({ body: Buffer.concat([Buffer.from([0xff, 6, 0, 0]), Buffer.from('sNaPpY')]) }),
      400,
      /snappy.* at byte \d+|over the limit/,
    ],
    ['truncated snappy', () => ({ body: v1(good()).subarray(0, -3) }), 400, /snappy.* at byte \d+/],
    ['protobuf garbage', () => ({ body: snappyCompress(Buffer.from('ff'.repeat(40), 'hex')) }), 400, /at byte \d+/],
    [
      'truncated protobuf',
      () => ({ body: snappyCompress(writeRequest([good()]).subarray(0, -3)) }),
      400,
      /at byte \d+/,
    ],
    [
      'a snappy bomb of 4 GiB',
      () => ({ body: bomb([0xff, 0xff, 0xff, 0xff, 0x0f]) }),
      400,
      /METRICS_MAX_DECOMPRESSED_BYTES of 4194304/,
    ],
    [
      'a zstd bomb',
      () => ({ headers: { ...V1, 'content-encoding': 'zstd' }, body: zstdCompressSync(Buffer.alloc(64 * MIB)) }),
      400,
      /METRICS_MAX_DECOMPRESSED_BYTES of 4194304/,
    ],
    ['a body too long', () => ({ body: Buffer.alloc(MIB + 1) }), 400, /METRICS_MAX_COMPRESSED_BYTES of 1048576/],
    [
      'too many series',
      () => ({ body: v1(...Array.from({ length: 1_001 }, () => good())) }),
      400,
      /series in the request: 1001 is over the limit METRICS_MAX_SERIES_PER_REQUEST of 1000/,
    ],
    [
      'only a series of too many labels',
      () => ({ body: v1({ labels: Array.from({ length: 41 }, (_, i) => label(i)), samples: [[1, clock]] }) }),
      400,
      /a series of 41 labels is over METRICS_MAX_LABELS_PER_SERIES of 40/,
    ],
    ['only a series without a name', () => ({ body: v1(NAMELESS) }), 400, /without metric name/],
    [
      'a label name of wide characters twice',
      () => ({
        body: v1({
          labels: [
            ['__name__', 'm'],
            ['名'.repeat(330), '1'],
            ['名'.repeat(330), '2'],
          ],
          samples: [[1, clock]],
        }),
      }),
      400,
      /not unique|^no series/,
    ],
  ])('%s', async (_name, input, status, pattern) => {
    const reply = await send(input());
    expectLine(reply, status, pattern);
    expect(reply.headers['retry-after']).toBeUndefined();
    expect(storage.requests).toEqual([]);
  });

  it('answers bombs without taking their memory', async () => {
    const before = await service.residentBytes();
    const zstd = zstdCompressSync(Buffer.alloc(256 * MIB));
    for (let i = 0; i < 5; i++) {
      await send({ body: bomb([0xff, 0xff, 0xff, 0xff, 0x0f]) });
      await send({ headers: { ...V1, 'content-encoding': 'zstd' }, body: zstd });
    }
    expect((await service.residentBytes()) - before).toBeLessThan(128 * MIB);
  });

  it('lets the sender of an endless chunked body read the answer, then cuts it off', async () => {
    const socket = connect(service.port, '127.0.0.1');
    let text = '';
    socket.on('data', (part) => (text += part.toString()));
    socket.on('error', () => undefined);
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.write('POST /v1/prometheus HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    const part = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536), Buffer.from('\r\n')]);
    const timer = setInterval(() => socket.write(part), 5);
    await eventually(() => text.includes('METRICS_MAX_COMPRESSED_BYTES'));
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    await closed;
    clearInterval(timer);
  });
});

describe('the counts of a 2.0 reply', () => {
  const histogram = (count: number, inBucket: number): HistogramPoint => ({ at: clock, count, inBucket });
  const exemplar = { labels: { trace_id: 'x' }, value: 1, at: 1 };

  it.each<[string, () => Series[], number, string[]]>([
    ['a sample', () => [good()], 204, ['1', '0', '0']],
    ['a stale marker', () => [good(STALE)], 204, ['1', '0', '0']],
    [
      'what is dropped as configured',
      () => [good('fff0000000000000'), series({ __name__: 'other' }, [1, clock])],
      204,
      ['2', '0', '0'],
    ],
    ['samples with exemplars', () => [{ ...good(), exemplars: [exemplar, exemplar] }], 204, ['1', '0', '2']],
    ['exemplars alone', () => [{ ...series(GPU), exemplars: [exemplar] }], 204, ['0', '0', '1']],
    ['a histogram', () => [{ ...series(GPU), histograms: [histogram(3, 3)] }], 204, ['0', '1', '0']],
    [
      'a histogram that does not add up',
      () => [{ ...series(GPU), histograms: [histogram(99, 3)] }],
      400,
      ['0', '0', '0'],
    ],
    ['three valid, one without name', () => [good(1), good(2), good(3), NAMELESS], 400, ['3', '0', '0']],
    ['only one without name', () => [NAMELESS], 400, ['0', '0', '0']],
    ['nothing', () => [], 204, ['0', '0', '0']],
  ])('%s', async (_name, input, status, want) => {
    const reply = await send({ headers: { ...V2, ...SNAPPY }, body: v2(...input()) });
    expect([reply.status, written(reply)]).toEqual([status, want]);
    if (status === 400) expectLine(reply, 400, /invalid/);
  });

  it('are zero when the storage is away or the body is broken', async () => {
    storage.answer = () => 503;
    const away = await send({ headers: { ...V2, ...SNAPPY }, body: v2(good()) });
    expectRetry(away, /HTTP 503/);
    expect(written(away)).toEqual(['0', '0', '0']);
    const broken = await send({ headers: { ...V2, ...SNAPPY }, body: Buffer.from([9, 9]) });
    expect([broken.status, written(broken)]).toEqual([400, ['0', '0', '0']]);
  });
});

describe('what makes the sender come again', () => {
  it.each<[StorageAnswer, RegExp]>([
    [500, /HTTP 500/],
    [501, /HTTP 501/],
    [502, /HTTP 502/],
    [503, /HTTP 503/],
    [504, /HTTP 504/],
    [429, /HTTP 429/],
    [{ status: 429, headers: { 'retry-after': '3600' }, body: 'slow\ndown' }, /HTTP 429 slow down/],
    [408, /HTTP 408/],
    [401, /HTTP 401/],
    [403, /HTTP 403/],
    [404, /HTTP 404/],
    [{ status: 302, headers: { location: '/elsewhere' } }, /HTTP 302/],
    ['reset', /storage does not accept/],
  ])('the storage answers %j', async (answer, pattern) => {
    storage.answer = () => answer;
    expectRetry(await send({ body: v1(good()) }), pattern);
    storage.answer = () => 204;
    expect((await send({ body: v1(good()) })).status).toBe(204);
    expect(storage.stored).toHaveLength(1);
  });

  it('the storage does not answer within four seconds', async () => {
    storage.answer = () => 'hang';
    const start = Date.now();
    expectRetry(await send({ body: v1(good()) }), /no answer in time/);
    expect(Date.now() - start).toBeGreaterThan(3_500);
    expect(Date.now() - start).toBeLessThan(5_000);
  }, 10_000);

  it('nobody listens where the storage should be', async () => {
    const { port } = storage;
    await storage.stop();
    expectRetry(await send({ body: v1(good()) }), /ECONNREFUSED/);
    storage = await TestStorage.start(undefined, port);
    await eventually(async () => (await send({ body: v1(good()) })).status === 204);
  });

  it('more is in work than fits, before the body is read', async () => {
    storage.answer = () => 'hang';
    const body = Buffer.concat([v1(good())]);
    const held = Array.from({ length: 4 }, () => {
      const socket = connect(service.port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(`POST /v1/prometheus HTTP/1.1\r\nHost: x\r\nContent-Length: ${MIB}\r\n\r\n`);
      return socket;
    });
    try {
      await eventually(async () => {
        const text = await (await fetch(`${service.url}/metrics`)).text();
        return text.includes(`metrics_in_flight_bytes ${4 * MIB}`);
      });
      expectRetry(await send({ body }), /METRICS_MAX_IN_FLIGHT_BYTES is 4194304/);
      const late = connect(service.port, '127.0.0.1');
      let text = '';
      late.on('data', (part) => (text += part.toString()));
      late.write(`POST /v1/prometheus HTTP/1.1\r\nHost: x\r\nContent-Length: ${MIB}\r\n\r\n`);
      await eventually(() => text.startsWith('HTTP/1.1 503 '));
      late.destroy();
    } finally {
      for (const socket of held) socket.destroy();
    }
    storage.answer = () => 204;
    await eventually(async () => (await send({ body })).status === 204);
  });
});

it('drops what the storage refuses alone and stores the rest', async () => {
  const bad = (all: readonly Series[]): boolean => all.some((one) => one.samples.some(([, at]) => at === clock + 1));
  storage.answer = (all) => (bad(all) ? { status: 400, body: 'out of order sample' } : 204);
  const lines = ['a', 'b', 'c'].map((extra, i) => series({ ...GPU, extra }, [i, clock + i]));
  expect((await send({ body: v1(...lines) })).status).toBe(204);
  expect(storage.stored.flatMap(({ samples }) => samples.map(([, at]) => at))).toEqual([clock, clock + 2]);
});

it('counts every sample once', async () => {
  const total = (text: string, name: string): number =>
    [...text.matchAll(new RegExp(`^primus_lens_telemetry_processor_metrics_${name}(?:{[^}]*})? (\\S+)$`, 'gm'))].reduce(
      (sum, match) => sum + Number(match[1]),
      0,
    );
  const text = await (await fetch(`${service.url}/metrics`)).text();
  expect(total(text, 'received_samples_total')).toBeGreaterThan(10);
  expect(total(text, 'samples_total')).toBe(total(text, 'received_samples_total'));
});
