import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from '../../../src/config/load.js';
import { allSettings } from '../../../src/config/sections.js';
import { fileKeyOf } from '../../../src/config/setting.js';
import { CHART, describeWithHelm, render } from '../../support/chart/helm.js';
import { only, PodView } from '../../support/chart/pod-view.js';
import {
  DATABASE_URL,
  EVERYTHING,
  FOREIGN_SECRETS,
  SMALL,
  STORAGE_PASSWORD,
  TOKEN_SECRET,
} from '../../support/chart/values.js';

const FOREIGN = {
  pg: { uri: DATABASE_URL },
  callers: { list: `# who may call\nvmagent:ingest:${TOKEN_SECRET}\n` },
  storages: { 'storage-endpoints': '- url: https://metrics.example/api/v1/write\n' },
};

/** The configuration with which the process in the pod would start. Throws when it would not. */
function start(values: object) {
  const pod = new PodView(render(values), FOREIGN);
  return load([], pod.environment, pod.readFile);
}

describeWithHelm('the service in the pod', () => {
  it('starts with the least values', () => {
    expect(start(SMALL)).toMatchObject({
      http: { host: '0.0.0.0', port: 8989, shutdownTimeout: 20_000 },
      database: { url: DATABASE_URL },
      auth: { mode: 'tokens', tokens: [{ name: 'vmagent', role: 'ingest', secret: TOKEN_SECRET }] },
      cluster: { name: 'default' },
      kubernetes: { mode: 'in-cluster', namespaces: [] },
      metrics: { endpoints: [] },
    });
  });

  it('starts with every option', () => {
    expect(start(EVERYTHING)).toMatchObject({
      http: { host: '::' },
      auth: { tokens: [{ name: 'vmagent' }, { name: 'ops', secret: 'another-secret:of-16' }] },
      cluster: { name: 'gpu-east' },
      kubernetes: { namespaces: ['ml', 'vision'] },
      metrics: {
        nodeLabels: ['node', 'hostname'],
        seriesCacheBytes: 1_073_741_824,
        endpoints: [{ basicAuth: { username: 'telemetry', password: STORAGE_PASSWORD } }],
      },
    });
  });

  it("starts with somebody else's secrets, without tokens, and without the watch", () => {
    expect(start(FOREIGN_SECRETS)).toMatchObject({
      database: { url: DATABASE_URL },
      auth: { tokens: [{ name: 'vmagent' }] },
      metrics: { endpoints: [{ url: 'https://metrics.example/api/v1/write' }] },
    });
    expect(start({ database: SMALL.database, auth: { mode: 'none' } })).toMatchObject({ auth: { mode: 'none' } });
    expect(start({ ...SMALL, kubernetes: { enabled: false } })).toMatchObject({ kubernetes: { mode: 'off' } });
  });
});

describeWithHelm('secrets', () => {
  it('lie in the Secret and nowhere else', () => {
    const manifests = render(EVERYTHING);
    const secret = JSON.stringify(only(manifests, 'Secret'));
    const rest = JSON.stringify(manifests.filter(({ kind }) => kind !== 'Secret'));
    for (const text of ['d4tabase-pa55', TOKEN_SECRET, STORAGE_PASSWORD]) {
      expect(secret).toContain(text);
      expect(rest).not.toContain(text);
    }
  });

  it('cannot be given as settings of the ConfigMap', () => {
    const refused = allSettings.filter(({ secret }) => secret).map(({ env }) => fileKeyOf(env));
    expect(refused.length).toBeGreaterThan(0);
    for (const key of refused) expect(() => render({ ...SMALL, config: { [key]: 'x' } })).toThrow(key);
  });
});

describeWithHelm('values that are refused', () => {
  it.each([
    ['a misspelt name', { ...SMALL, replica: 3 }, 'replica'],
    ['a misspelt name below', { ...SMALL, image: { repo: 'x' } }, 'repo'],
    ['too many replicas', { ...SMALL, replicas: '3' }, 'replicas'],
    ['a namespace that is none', { ...SMALL, kubernetes: { namespaces: ['Not_One'] } }, 'namespaces'],
    [
      'every resource',
      { ...SMALL, kubernetes: { extraOwnerKinds: [{ apiGroup: 'x.io', resources: ['*'] }] } },
      'resources',
    ],
    [
      'secrets as owners',
      { ...SMALL, kubernetes: { extraOwnerKinds: [{ apiGroup: '', resources: ['secrets'] }] } },
      'resources',
    ],
    ['a short token', { ...SMALL, auth: { tokens: [{ name: 'a', role: 'viewer', secret: 'short' }] } }, 'secret'],
    ['an unknown role', { ...SMALL, auth: { tokens: [{ name: 'a', role: 'root', secret: TOKEN_SECRET }] } }, 'role'],
    ['another database', { ...SMALL, database: { url: 'mysql://db.example/x' } }, 'url'],
    ['a setting that has a value of its own', { ...SMALL, config: { cluster_name: 'x' } }, 'cluster_name'],
    ['no database', { auth: SMALL.auth }, 'A PostgreSQL database is needed'],
    ['two databases', { ...SMALL, database: { url: DATABASE_URL, existingSecret: 'pg' } }, 'not both'],
    ['no tokens', { database: SMALL.database }, 'Tokens are needed'],
    ['two lists of tokens', { ...SMALL, auth: { ...SMALL.auth, existingSecret: 'callers' } }, 'not both'],
    ['no account', { ...SMALL, serviceAccount: { create: false } }, 'serviceAccount.name is needed'],
  ])('%s', (_name, values, message) => {
    expect(() => render(values)).toThrow(message);
  });

  it('name settings that exist', () => {
    const schema = JSON.parse(readFileSync(join(CHART, 'values.schema.json'), 'utf8')) as {
      properties: { config: { propertyNames: { not: { enum: string[] } } } };
    };
    const settings = allSettings.map(({ env }) => fileKeyOf(env));
    expect(settings).toEqual(expect.arrayContaining(schema.properties.config.propertyNames.not.enum));
  });
});
