import { filesOf, storageEndpoints, storageUrls } from './storage-endpoint.js';

const endpoints = storageEndpoints().schema;

function problemOf(endpoint: object): string {
  const result = endpoints.safeParse([endpoint]);
  return result.success
    ? 'none'
    : result.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; ');
}

describe('storage endpoints', () => {
  it('are read from YAML, JSON and the configuration file alike', () => {
    const want = [{ url: 'http://a/', headers: {} }];
    expect(endpoints.parse('- url: http://a')).toEqual(want);
    expect(endpoints.parse('[{"url":"http://a"}]')).toEqual(want);
    expect(endpoints.parse([{ url: 'http://a' }])).toEqual(want);
  });

  it('carry TLS and credentials', () => {
    const [endpoint] = endpoints.parse([
      {
        url: 'https://a',
        basic_auth: { username: 'u', password_file: 'p' },
        tls: { ca_file: 'ca', cert_file: 'c', key_file: 'k', server_name: 's' },
      },
    ]);
    expect(endpoint).toEqual({
      url: 'https://a/',
      basicAuth: { username: 'u', passwordFile: 'p' },
      headers: {},
      tls: { caFile: 'ca', certFile: 'c', keyFile: 'k', serverName: 's', insecureSkipVerify: false },
    });
    expect(endpoint && filesOf(endpoint)).toEqual(['p', 'ca', 'c', 'k']);
  });

  it('are refused when they cannot work', () => {
    expect(problemOf({ url: 'ftp://a' })).toContain('0.url must be an http or https URL');
    expect(problemOf({ url: 'http://a', basic_auth: { username: 'u' } })).toContain(
      'exactly one of password and password_file',
    );
    expect(problemOf({ url: 'http://u:p@a', bearer_token: 't' })).toContain('at most one of');
    expect(problemOf({ url: 'http://a', bearer_token: 't', headers: { authorization: 'x' } })).toContain(
      'at most one of',
    );
    expect(problemOf({ url: 'http://a', headers: { 'content-encoding': 'x' } })).toContain('must not set');
    expect(problemOf({ url: 'http://a', headers: { 'X-A': 'b\r\nc: d' } })).not.toBe('none');
    expect(problemOf({ url: 'http://a', tls: { cert_file: 'c' } })).toContain('cert_file and key_file together');
    expect(problemOf({ url: 'http://a', basic_user: 'u' })).toContain('basic_user');
    expect(endpoints.safeParse('{').success).toBe(false);
  });

  it('given as URLs keep paths and queries', () => {
    const urls = storageUrls().schema;
    expect(urls.parse('http://a/x?extra_label=b').map(({ url }) => url)).toEqual(['http://a/x?extra_label=b']);
    for (const bad of ['a', 'file:///x', 'http://', 'http://a/#f', 'http://%zz@a/'])
      expect(urls.safeParse(bad).success).toBe(false);
  });
});
