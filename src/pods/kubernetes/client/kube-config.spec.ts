import type { RequestOptions } from 'node:https';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClusterNotFound, findCluster, type ClusterFiles, type ClusterSettings } from './kube-config.js';

const TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';

const files = (contents: Readonly<Record<string, string>>): ClusterFiles => ({
  home: '/home/op',
  exists: (path) => path in contents,
  read: (path) => {
    const content = contents[path];
    if (content === undefined) throw new Error(`ENOENT: no such file, open '${path}'`);
    return content;
  },
});

const settings = (given: Partial<ClusterSettings>): ClusterSettings => ({
  mode: 'auto',
  kubeconfig: undefined,
  context: undefined,
  serviceHost: undefined,
  servicePort: undefined,
  ...given,
});

const kubeconfig = (name: string, { user = {}, server = `https://${name}.example:6443/`, current = true } = {}) =>
  JSON.stringify({
    ...(current ? { 'current-context': name } : {}),
    clusters: [{ name, cluster: { server, 'certificate-authority': 'ca.crt' } }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name } }],
  });

const found = async (given: Partial<ClusterSettings>, contents: Readonly<Record<string, string>>) =>
  (await findCluster(settings(given), files(contents)))?.getCurrentCluster()?.server;

const inPod = { serviceHost: '10.96.0.1', servicePort: 443 };
const home = { '/home/op/.kube/config': kubeconfig('lab') };

describe('findCluster', () => {
  it('takes the first that is there', async () => {
    expect(await found(inPod, { [TOKEN]: 't', ...home })).toBe('https://10.96.0.1:443');
    expect(await found(inPod, home)).toBe('https://lab.example:6443');
    expect(await found({}, { [TOKEN]: 't', ...home })).toBe('https://lab.example:6443');
    expect(await found({}, {})).toBeUndefined();
    expect(await found({}, { '/home/op/.kube/config': 'apiVersion: v1\nkind: Config\n' })).toBeUndefined();
  });

  it('watches nothing when told so', async () => {
    expect(await found({ ...inPod, mode: 'off' }, { [TOKEN]: 't', ...home })).toBeUndefined();
  });

  it('takes the service account of its pod', async () => {
    const cluster = await findCluster(
      settings({ mode: 'in-cluster', serviceHost: 'fd00::1' }),
      files({ [TOKEN]: 't' }),
    );
    expect(cluster?.getCurrentCluster()).toMatchObject({ server: 'https://[fd00::1]:443', skipTLSVerify: false });
    expect(cluster?.getCurrentUser()?.authProvider).toEqual({ name: 'tokenFile', config: { tokenFile: TOKEN } });
  });

  it('merges several files as kubectl does', async () => {
    const contents = { '/a': kubeconfig('a', { current: false }), '/b': kubeconfig('b'), '/c': kubeconfig('c') };
    const paths = '/a:/missing:/b:/c';
    expect(await found({ kubeconfig: paths }, contents)).toBe('https://b.example:6443');
    expect(await found({ kubeconfig: paths, context: 'c' }, contents)).toBe('https://c.example:6443');
    const twice = { '/a': kubeconfig('x', { server: 'https://first' }), '/b': kubeconfig('x') };
    expect(await found({ kubeconfig: '/a:/b' }, twice)).toBe('https://first');
  });

  it("starts relative paths at the file's folder", async () => {
    const user = { 'client-certificate': 'me.crt', exec: { command: './login', apiVersion: 'v1' } };
    const cluster = await findCluster(settings({ kubeconfig: '/k/c' }), files({ '/k/c': kubeconfig('x', { user }) }));
    expect(cluster?.getCurrentCluster()?.caFile).toBe('/k/ca.crt');
    expect(cluster?.getCurrentUser()).toMatchObject({ certFile: '/k/me.crt', exec: { command: '/k/login' } });
  });

  it('speaks plain HTTP, without credentials', async () => {
    const proxied = kubeconfig('x', { server: 'http://127.0.0.1:8001', user: { token: 'secret' } });
    const cluster = await findCluster(settings({ kubeconfig: '/p' }), files({ '/p': proxied }));
    expect([cluster?.getCurrentCluster()?.server, cluster?.getCurrentUser()]).toEqual([
      'http://127.0.0.1:8001',
      { name: '' },
    ]);
  });

  it('follows the token file of a user, not the token that stands beside it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kubeconfig-'));
    try {
      const user = { 'token-file': 'token', token: 'old' };
      const content = kubeconfig('x', { user }).replace('"certificate-authority":"ca.crt"', '"proxy-url":""');
      writeFileSync(join(folder, 'token'), 'first');
      const path = join(folder, 'config');
      const cluster = await findCluster(settings({ kubeconfig: path }), files({ [path]: content }));
      const options: RequestOptions = {};
      await cluster?.applyToHTTPSOptions(options);
      expect(options.headers).toEqual({ Authorization: 'Bearer first' });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  describe('says in one line what is wrong', () => {
    const complaint = async (given: Partial<ClusterSettings>, contents: Readonly<Record<string, string>> = {}) => {
      const error: unknown = await findCluster(settings(given), files(contents)).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ClusterNotFound);
      return (error as Error).message;
    };

    it('when a file is missing or unreadable', async () => {
      expect(await complaint({ mode: 'kubeconfig' })).toBe('/home/op/.kube/config does not exist (KUBECONFIG)');
      expect(await complaint({ mode: 'kubeconfig', kubeconfig: '/x' })).toBe('/x does not exist (KUBECONFIG)');
      expect(await complaint({ kubeconfig: '/x' }, { '/x': 'a: [\nb' })).toMatch(
        /^\/x cannot be used as a kubeconfig \(KUBECONFIG\): [^\n]+$/,
      );
    });

    it('when something named is not there', async () => {
      const contents = { '/x': kubeconfig('lab') };
      expect(await complaint({ kubeconfig: '/x', context: 'prod' }, contents)).toBe(
        '/x has no context "prod" (KUBERNETES_CONTEXT); it has: lab',
      );
      const cut = (key: string) => ({ '/x': JSON.stringify({ ...JSON.parse(contents['/x']), [key]: [] }) });
      expect(await complaint({ kubeconfig: '/x' }, cut('clusters'))).toMatch('the cluster "lab", which is not there');
      expect(await complaint({ kubeconfig: '/x' }, cut('users'))).toMatch('the user "lab", who is not there');
      const aimless = { '/x': kubeconfig('lab', { current: false }) };
      expect(await complaint({ mode: 'kubeconfig', kubeconfig: '/x' }, aimless)).toMatch('no current context');
    });

    it('when this is no pod', async () => {
      expect(await complaint({ mode: 'in-cluster' })).toMatch('KUBERNETES_SERVICE_HOST is not set');
      expect(await complaint({ mode: 'in-cluster', ...inPod })).toMatch('/token does not exist');
    });
  });
});
