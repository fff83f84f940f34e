import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestStorage } from '../../../test/support/metrics-storage.js';
import { writeRequest } from '../../../test/support/metrics-wire.js';
import type { StorageEndpointConfig } from '../../config/storage-endpoint.js';
import { snappyCompress } from '../../wire/snappy.js';
import { StorageEndpointSink } from './storage-endpoint.sink.js';

const BODY = snappyCompress(writeRequest([]));
let directory: string;
let storage: TestStorage;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'storage-endpoint-'));
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});
afterEach(() => storage.stop());

async function push(config: Partial<StorageEndpointConfig>): Promise<string> {
  const sink = await StorageEndpointSink.open({ url: storage.url, headers: {}, ...config });
  try {
    const result = await sink.push(BODY, AbortSignal.timeout(2_000));
    return result.kind === 'accepted' ? result.kind : `${result.kind}: ${result.detail}`;
  } finally {
    await sink.close();
  }
}

describe('credentials and headers', () => {
  beforeEach(async () => {
    storage = await TestStorage.start();
  });
  const f = async (config: Partial<StorageEndpointConfig>, want: Record<string, string | undefined>) => {
    expect(await push(config)).toBe('accepted');
    expect(storage.requests.at(-1)?.headers).toMatchObject(want);
  };

  it('are sent as configured', async () => {
    const file = join(directory, 'secret');
    writeFileSync(file, 'first\n');
    const basic = (password: string) => `Basic ${Buffer.from(`me:${password}`).toString('base64')}`;
    await f({}, { 'user-agent': 'telemetry-processor' });
    await f({ basicAuth: { username: 'me', password: 'pä:ss' } }, { authorization: basic('pä:ss') });
    await f({ basicAuth: { username: 'me', passwordFile: file } }, { authorization: basic('first') });
    await f({ bearerToken: 't' }, { authorization: 'Bearer t' });
    await f({ headers: { 'X-Scope-OrgID': 'team' } }, { 'x-scope-orgid': 'team' });
    await f({ url: `${storage.url}?tenant=1` }, {});
    expect(storage.requests.at(-1)?.url).toBe('/api/v1/write?tenant=1');
  });

  it('follow a token file that is rotated, and a missing one only delays', async () => {
    const file = join(directory, 'token');
    const sink = await StorageEndpointSink.open({ url: storage.url, headers: {}, bearerTokenFile: file });
    expect((await sink.push(BODY, AbortSignal.timeout(1_000))).kind).toBe('unavailable');
    for (const token of ['one', 'two']) {
      writeFileSync(file, `${token}\n`);
      expect(await sink.push(BODY, AbortSignal.timeout(1_000))).toEqual({ kind: 'accepted' });
      expect(storage.requests.at(-1)?.headers.authorization).toBe(`Bearer ${token}`);
    }
    await sink.close();
  });

  it('name neither secrets nor the query in errors', async () => {
    storage.answer = () => ({ status: 401, body: 'x'.repeat(5_000) });
    const result = await push({ bearerToken: 'secret' });
    expect(result).toMatch(/^unavailable: HTTP 401 x+$/);
    expect(result.length).toBeLessThan(1_100);
  });
});

describe('TLS', () => {
  let ca: string;

  beforeEach(async () => {
    ca = join(directory, 'cert.pem');
    const key = join(directory, 'key.pem');
    const subject = ['-subj', '/CN=storage.test', '-addext', 'subjectAltName=DNS:storage.test'];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    execFileSync(
      'openssl',
      ['req', '-x509', ...curve, '-nodes', '-keyout', key, '-out', ca, '-days', '1', ...subject],
      { stdio: 'ignore' },
    );
    storage = await TestStorage.start({ key: readFileSync(key, 'utf8'), cert: readFileSync(ca, 'utf8') });
  });

  it('trusts what it is told to trust', async () => {
    expect(await push({})).toMatch(/^unavailable: .*self-signed certificate/);
    expect(await push({ tls: { caFile: ca, insecureSkipVerify: false } })).toMatch(
      /^unavailable: .*(altnames|ALTNAME)/,
    );
    expect(await push({ tls: { caFile: ca, serverName: 'storage.test', insecureSkipVerify: false } })).toBe('accepted');
    expect(await push({ tls: { insecureSkipVerify: true } })).toBe('accepted');
    await expect(push({ tls: { caFile: join(directory, 'missing'), insecureSkipVerify: false } })).rejects.toThrow(
      /ENOENT/,
    );
  });
});
