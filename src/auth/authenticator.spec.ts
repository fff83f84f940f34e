import type { AuthConfig } from '../config/auth.config.js';
import { isAllowed } from './allowed-roles.js';
import { Authenticator, type IdentifiedRequest } from './authenticator.js';

const ALICE = { name: 'alice', role: 'viewer', secret: 'alice-secret-0123' } as const;
const BOB = { name: 'bob', role: 'admin', secret: 'bob:secret:0123456' } as const;

function request(headers: Record<string, string>, remoteAddress = '10.0.0.9'): IdentifiedRequest {
  return { headers, socket: { remoteAddress } } as unknown as IdentifiedRequest;
}

function authenticator(config: Partial<AuthConfig> = {}): Authenticator {
  return new Authenticator({ mode: 'auto', tokens: [ALICE, BOB], tokensFile: undefined, ...config });
}

function basic(name: string, secret: string): string {
  return `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;
}

describe('with tokens', () => {
  it.each([
    [`Bearer ${ALICE.secret}`, 'alice'],
    [`bearer  ${BOB.secret} `, 'bob'],
    [basic('alice', ALICE.secret), 'alice'],
    [basic('bob', BOB.secret), 'bob'],
  ])('%s is %s', (authorization, name) => {
    expect(authenticator().identify(request({ authorization }))).toMatchObject({ caller: { name } });
  });

  it.each([
    'Bearer wrong',
    'Bearer ',
    'Bearer',
    '',
    `Token ${ALICE.secret}`,
    ALICE.secret,
    basic('bob', ALICE.secret),
    basic('', ALICE.secret),
    'Basic !!!',
    `Basic ${Buffer.from(ALICE.secret).toString('base64')}`,
  ])('%j is nobody', (authorization) => {
    expect(authenticator().identify(request({ authorization }, '127.0.0.1'))).toEqual({ refusal: 'wrong_credentials' });
  });

  it('asks callers on the same machine too', () => {
    expect(authenticator().identify(request({}, '127.0.0.1'))).toEqual({ refusal: 'no_credentials' });
  });
});

describe('without tokens', () => {
  const local = authenticator({ tokens: [] });

  it.each(['127.0.0.1', '::1', '::ffff:127.0.0.1'])('lets %s in', (address) => {
    for (const host of ['localhost:8989', '127.0.0.1:8989', '[::1]:8989', '']) {
      expect(local.identify(request({ host }, address))).toEqual({ caller: { name: 'local', role: 'admin' } });
    }
  });

  it('keeps other machines out', () => {
    expect(local.identify(request({ host: 'localhost' }, '10.0.0.9'))).toEqual({ refusal: 'not_local' });
  });

  it("keeps web pages from elsewhere out, however they reach this machine's port", () => {
    const crossSite = { host: 'localhost:8989', 'sec-fetch-site': 'cross-site' };
    expect(local.identify(request(crossSite, '127.0.0.1'))).toEqual({ refusal: 'cross_site' });
    expect(local.identify(request({ host: 'rebound.example:8989' }, '127.0.0.1'))).toEqual({ refusal: 'cross_site' });
    expect(local.identify(request({ host: 'localhost', 'sec-fetch-site': 'same-origin' }, '::1'))).toHaveProperty(
      'caller',
    );
  });
});

it('mode none lets everybody do everything', () => {
  expect(authenticator({ mode: 'none' }).identify(request({}))).toEqual({
    caller: { name: 'anonymous', role: 'admin' },
  });
});

it('a request is identified once', () => {
  const one = request({ authorization: `Bearer ${ALICE.secret}` });
  const first = authenticator().identify(one);
  one.headers.authorization = 'Bearer other';
  expect(authenticator().identify(one)).toBe(first);
});

it.each([
  ['ingest', ['ingest']],
  ['viewer', ['viewer']],
  ['editor', ['viewer', 'editor']],
  ['admin', ['ingest', 'viewer', 'editor', 'admin']],
] as const)('the role %s may do what is for %j', (held, covered) => {
  const all = ['ingest', 'viewer', 'editor', 'admin'] as const;
  expect(all.filter((needed) => isAllowed(held, [needed]))).toEqual(covered);
});
