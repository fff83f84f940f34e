import { ConfigurationError, type ConfigurationProblem } from './configuration-error.js';
import { load } from './load.js';

const TOKEN = 'alice:viewer:0123456789abcdef';

/** Files by path; reading any other fails as the file system does. */
function files(contents: Record<string, string> = {}) {
  return (path: string): string => {
    const text = contents[path];
    if (text === undefined) throw new Error(`ENOENT: no such file or directory, open '${path}'`);
    return text;
  };
}

function problemsOf(work: () => unknown): readonly ConfigurationProblem[] {
  try {
    work();
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
}

describe('the layers', () => {
  const file = files({
    'c.yaml': 'cache_refresh_interval: 3s\nPORT: 1003\nhost: 127.0.0.3\n',
    'c.json': '{"port": 1004}',
  });

  it('start with the defaults', () => {
    const config = load([], {}, files());
    expect(config.http).toMatchObject({
      host: '127.0.0.1',
      port: 8989,
      jsonBodyLimit: 1_048_576,
      keepAliveTimeout: 120_000,
    });
    expect(config.database).toMatchObject({ url: undefined, dataDir: './data', poolSize: 10 });
    expect(config.auth).toEqual({ mode: 'auto', tokens: [], tokensFile: undefined });
    expect(config.pods).toMatchObject({ cacheRefreshInterval: 20_000, gracePeriod: 300_000 });
    expect(config.metrics).toMatchObject({ endpoints: [], retryAfter: 5_000, gpuLabels: ['gpu_id', 'gpu', 'GPU'] });
  });

  it('give way to the next one: file, environment, flags', () => {
    const env = { CONFIG_PATH: 'c.yaml', HOST: '127.0.0.2', PORT: '1002' };
    const config = load(['--port', '1001'], env, file);
    expect(config.http.port).toBe(1001);
    expect(config.http.host).toBe('127.0.0.2');
    expect(config.pods.cacheRefreshInterval).toBe(3_000);
  });

  it('take the file of --config before that of CONFIG_PATH, JSON as well as YAML', () => {
    expect(load(['--config', 'c.json'], { CONFIG_PATH: 'c.yaml' }, file).http.port).toBe(1004);
  });

  it('count an empty value of the environment, and null in a file, as unset', () => {
    const env = { PORT: '', HOST: '', CONFIG_PATH: 'n.yaml', DATABASE_URL: '' };
    expect(load([], env, files({ 'n.yaml': 'port:\nhost: null\n' })).http).toMatchObject({
      host: '127.0.0.1',
      port: 8989,
    });
  });

  it('ignore what else is in the environment', () => {
    expect(problemsOf(() => load([], { PORTT: 'x', HOME: '/root' }, files()))).toEqual([]);
  });

  it('take --flag=value, and the last of a repeated flag', () => {
    expect(load(['--port=1', '--port', '2', '--metrics-job-label=-x'], {}, files())).toMatchObject({
      http: { port: 2 },
      metrics: { jobLabel: '-x' },
    });
  });

  it('end in something that nobody can change', () => {
    const config = load([], {}, files());
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.metrics.gpuLabels)).toBe(true);
  });
});

describe('problems', () => {
  it('come all at once, with layer, value and what is allowed', () => {
    const env = {
      CONFIG_PATH: 'c.yaml',
      LOG_LEVEL: 'loud',
      DATABASE_URL: 'mysql://root:hunter2@db/x',
      AUTH_TOKENS: 'bob:owner:s3cret-s3cret-s3cret',
    };
    const text =
      'cache_refresh_intervall: 1s\nport: [1]\nPODS_GRACE_PERIOD: 5\nHTTP_SHUTDOWN_TIMEOUT: 1s\nhttp_shutdown_timeout: 2s\n';
    const problems = problemsOf(() =>
      load(['--prot', '1', '--host', '--port=70000', 'stray'], env, files({ 'c.yaml': text })),
    );
    expect(problems.map(({ setting, layer, value }) => [setting, layer, value])).toEqual([
      ['--prot', 'flag', undefined],
      ['1', 'flag', undefined],
      ['--host', 'flag', undefined],
      ['stray', 'flag', undefined],
      ['cache_refresh_intervall', 'file', undefined],
      ['http_shutdown_timeout', 'file', undefined],
      ['PORT', 'file', '[1]'],
      ['DATABASE_URL', 'environment', '(hidden)'],
      ['AUTH_TOKENS', 'environment', '(hidden)'],
      ['LOG_LEVEL', 'environment', '"loud"'],
      ['PODS_GRACE_PERIOD', 'file', '5'],
    ]);
    const message = new ConfigurationError(problems).message;
    expect(message).toContain('cache_refresh_intervall (file): is not a setting; did you mean cache_refresh_interval?');
    expect(message).toContain('--prot (flag): is not a flag; did you mean --port?');
    expect(message).toContain(
      'LOG_LEVEL = "loud" (environment): allowed: one of trace, debug, info, warn, error, fatal, silent',
    );
    expect(message).not.toMatch(/hunter2|s3cret/);
  });

  it('include a file that is missing, malformed or not a mapping', () => {
    const contents = files({ 'bad.yaml': 'a: [1', 'list.yaml': '- 1' });
    for (const path of ['none.yaml', 'bad.yaml', 'list.yaml']) {
      expect(problemsOf(() => load(['--config', path], {}, contents))).toMatchObject([
        { setting: path, layer: 'file' },
      ]);
    }
    expect(load(['--config', 'empty.yaml'], {}, files({ 'empty.yaml': '' })).http.port).toBe(8989);
  });

  it('name the missing value of a flag', () => {
    expect(problemsOf(() => load(['--port'], {}, files()))).toMatchObject([
      { setting: '--port', message: 'needs a value' },
    ]);
    expect(problemsOf(() => load(['--port='], {}, files()))).toMatchObject([
      { setting: '--port', message: 'needs a value' },
    ]);
    expect(problemsOf(() => load(['-p'], {}, files()))).toMatchObject([{ setting: '-p' }]);
  });
});

describe('the combination of settings', () => {
  it('refuses to be open to the network without tokens', () => {
    const problems = (env: Record<string, string>) =>
      problemsOf(() => load([], { HOST: '0.0.0.0', ...env }, files({ t: TOKEN })));
    expect(problems({})).toMatchObject([{ setting: 'HOST', value: '0.0.0.0' }]);
    expect(problems({ AUTH_MODE: 'none' })).toEqual([]);
    expect(problems({ AUTH_TOKENS: TOKEN })).toEqual([]);
    expect(problems({ AUTH_TOKENS_FILE: 't' })).toEqual([]);
    expect(problems({ HOST: '::1' })).toEqual([]);
    expect(problems({ AUTH_TOKENS: 'nonsense' }).map(({ setting }) => setting)).toEqual(['AUTH_TOKENS']);
  });

  it('refuses the mode tokens without tokens', () => {
    expect(problemsOf(() => load([], { AUTH_MODE: 'tokens' }, files()))).toMatchObject([{ setting: 'AUTH_MODE' }]);
  });

  it('refuses limits that exclude each other', () => {
    const env = { METRICS_MAX_IN_FLIGHT_BYTES: '1MiB', CACHE_RELOAD_INTERVAL: '10s' };
    expect(problemsOf(() => load([], env, files())).map(({ setting }) => setting)).toEqual([
      'CACHE_RELOAD_INTERVAL',
      'METRICS_MAX_IN_FLIGHT_BYTES',
    ]);
  });
});

describe('tokens', () => {
  it('come from the setting and the file, in one list', () => {
    const file = files({ t: '# people\n\nbob:admin:with:colons:0123456789\n' });
    expect(load([], { AUTH_TOKENS: TOKEN, AUTH_TOKENS_FILE: 't' }, file).auth.tokens).toEqual([
      { name: 'alice', role: 'viewer', secret: '0123456789abcdef' },
      { name: 'bob', role: 'admin', secret: 'with:colons:0123456789' },
    ]);
  });

  it('may be a list in the configuration file', () => {
    const file = files({ c: `auth_tokens:\n  - ${TOKEN}\n  - bob:ingest:0123456789abcdef\n` });
    expect(load(['--config', 'c'], {}, file).auth.tokens.map(({ name }) => name)).toEqual(['alice', 'bob']);
  });

  it('may not share a name, nor come from a file that cannot be read or used', () => {
    const problems = (tokensFile: string) =>
      problemsOf(() => load([], { AUTH_TOKENS: TOKEN, AUTH_TOKENS_FILE: tokensFile }, files({ t: TOKEN, bad: 'x\n' })));
    expect(problems('t')).toMatchObject([
      { setting: 'AUTH_TOKENS_FILE', message: 'the name alice is used in AUTH_TOKENS too' },
    ]);
    expect(problems('none')).toMatchObject([{ setting: 'AUTH_TOKENS_FILE', value: '"none"' }]);
    expect(problems('bad')).toMatchObject([
      { setting: 'AUTH_TOKENS_FILE', message: 'line 1: not of the form name:role:secret' },
    ]);
  });
});

describe('storages', () => {
  it('of both settings are one list', () => {
    const env = {
      STORAGE_REMOTE_WRITE_URL: 'http://a/write, https://u:p%40ss@b:8428/api/v1/write?x=1',
      STORAGE_REMOTE_WRITE_ENDPOINTS:
        '[{"url": "http://c/", "bearer_token_file": "tok", "headers": {"X-Scope-OrgID": "t1"}}]',
    };
    expect(load([], env, files({ tok: 'x' })).metrics.endpoints).toEqual([
      { url: 'http://a/write', headers: {} },
      { url: 'https://b:8428/api/v1/write?x=1', basicAuth: { username: 'u', password: 'p@ss' }, headers: {} },
      { url: 'http://c/', bearerTokenFile: 'tok', headers: { 'X-Scope-OrgID': 't1' } },
    ]);
  });

  it('name files that can be read', () => {
    const env = { STORAGE_REMOTE_WRITE_ENDPOINTS: '[{url: "http://c/", tls: {ca_file: ca.pem}}]' };
    expect(problemsOf(() => load([], env, files()))).toMatchObject([{ setting: 'STORAGE_REMOTE_WRITE_ENDPOINTS' }]);
  });
});
