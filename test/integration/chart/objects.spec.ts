import 'reflect-metadata';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import { HealthController } from '../../../src/health/health.controller.js';
import { version } from '../../../src/config/version.js';
import { describeWithHelm, lint, render, type Manifest } from '../../support/chart/helm.js';
import { problemsOf } from '../../support/chart/kubernetes-schemas.js';
import { containerOf, only, podTemplateOf } from '../../support/chart/pod-view.js';
import { EVERYTHING, FOREIGN_SECRETS, SMALL } from '../../support/chart/values.js';

const OPEN = { database: SMALL.database, auth: { mode: 'none' } };
const UNWATCHED = { ...OPEN, kubernetes: { enabled: false } };

const RELEASES: readonly (readonly [string, object])[] = [
  ['the least', SMALL],
  ['every option', EVERYTHING],
  ["somebody else's secrets", FOREIGN_SECRETS],
  ['no tokens', OPEN],
  ['no watch', UNWATCHED],
  [
    'no roles, account or budget of its own',
    {
      ...SMALL,
      rbac: { create: false },
      serviceAccount: { create: false, name: 'given' },
      podDisruptionBudget: { enabled: false },
      topologySpreadConstraints: [],
      resources: { limits: null, requests: null },
      preStopSeconds: 0,
    },
  ],
];

const kindsOf = (manifests: readonly Manifest[]): readonly string[] => manifests.map(({ kind }) => kind).sort();

describeWithHelm('the objects of the chart', () => {
  it.each(RELEASES)('are valid by the schemas of Kubernetes: %s', (_name, values) => {
    const manifests = render(values);
    expect(manifests.flatMap(problemsOf)).toEqual([]);
    expect(lint(values)).toBe('');
  });

  it('are found faulty where they are', () => {
    const [service] = render(SMALL).filter(({ kind }) => kind === 'Service');
    const spec = service!['spec'] as { ports: readonly object[] };
    const misspelt = { ...service!, spec: { ...spec, ports: [{ ...spec.ports[0], targetport: 1 }] } };
    expect(problemsOf(misspelt)).toEqual([
      'Service tp-telemetry-processor: /spec/ports/0/targetport is not a field of V1ServicePort',
    ]);
    expect(problemsOf({ ...service!, spec: { ...spec, ports: [{ port: 'http' }] } })).toHaveLength(1);
    expect(problemsOf({ ...service!, kind: 'Gateway' })).toHaveLength(1);
  });

  it('are as few as the values ask for', () => {
    const always = ['ConfigMap', 'Deployment', 'PodDisruptionBudget', 'Secret', 'Service', 'ServiceAccount'];
    const watch = ['ClusterRole', 'ClusterRoleBinding'];
    expect(kindsOf(render(SMALL))).toEqual([...always, ...watch].sort());
    expect(kindsOf(render(UNWATCHED))).toEqual(always);
    expect(kindsOf(render(FOREIGN_SECRETS))).not.toContain('Secret');
    expect(kindsOf(render(RELEASES[5]![1]))).toEqual(['ConfigMap', 'Deployment', 'Secret', 'Service']);
  });

  it('carry the version of the service', () => {
    expect(containerOf(render(SMALL))).toMatchObject({ image: `telemetry-processor:${version}` });
    expect(containerOf(render(EVERYTHING))).toMatchObject({
      image: `registry.example/telemetry-processor@sha256:${'ab'.repeat(32)}`,
    });
  });
});

describeWithHelm('the pods', () => {
  it('are probed where the service answers', () => {
    const path = (handler: 'live' | 'ready') => {
      const metadata = (target: object) => Reflect.getMetadata(PATH_METADATA, target) as string;
      // eslint-disable-next-line @typescript-eslint/unbound-method -- its metadata is read, it is not called
      return `/${metadata(HealthController)}/${metadata(HealthController.prototype[handler])}`;
    };
    expect(containerOf(render(SMALL))).toMatchObject({
      ports: [{ name: 'http', containerPort: 8989 }],
      startupProbe: { httpGet: { path: path('live'), port: 'http' } },
      livenessProbe: { httpGet: { path: path('live'), port: 'http' } },
      readinessProbe: { httpGet: { path: path('ready'), port: 'http' } },
    });
  });

  it('may do no more than an unprivileged process, and keep files in memory and /tmp only', () => {
    const { spec } = podTemplateOf(render(SMALL));
    expect(spec['securityContext']).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 1000,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(spec.containers[0]).toMatchObject({
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      },
    });
    expect(spec.volumes.filter((volume) => 'emptyDir' in volume).map(({ name }) => name)).toEqual(['tmp']);
  });

  it('hold a token of the cluster only for the watch', () => {
    expect(podTemplateOf(render(SMALL)).spec).toMatchObject({ automountServiceAccountToken: true });
    expect(podTemplateOf(render(UNWATCHED)).spec).toMatchObject({ automountServiceAccountToken: false });
    expect(only(render(SMALL), 'ServiceAccount')).toMatchObject({ automountServiceAccountToken: false });
  });

  it('size their heap by the memory limit, when there is one', () => {
    const options = (values: object) =>
      containerOf(render(values)).env.find(({ name }) => name === 'NODE_OPTIONS')?.value;
    expect(options(SMALL)).toBe('--max-old-space-size-percentage=65');
    expect(options({ ...SMALL, resources: { limits: null } })).toBeUndefined();
  });

  it('have time to answer what has arrived', () => {
    const { spec } = podTemplateOf(render(SMALL));
    expect(spec).toMatchObject({ terminationGracePeriodSeconds: 60 });
    expect(spec.containers[0]).toMatchObject({ lifecycle: { preStop: { exec: { command: ['sleep', '5'] } } } });
    const slow = { ...SMALL, config: { http_shutdown_timeout: '1m' } };
    expect(() => render(slow)).toThrow('terminationGracePeriodSeconds must be longer');
    expect(() => render({ ...slow, terminationGracePeriodSeconds: 90 })).not.toThrow();
  });

  it('are replaced when settings or secrets of the release change, and only then', () => {
    const annotations = (values: object) => podTemplateOf(render(values)).metadata.annotations;
    const before = annotations(SMALL);
    expect(annotations({ ...SMALL, service: { port: 80 } })).toEqual(before);
    expect(annotations({ ...SMALL, clusterName: 'other' })['checksum/config']).not.toBe(before['checksum/config']);
    const url = 'postgres://telemetry@other.example/telemetry';
    expect(annotations({ ...SMALL, database: { url } })['checksum/secret']).not.toBe(before['checksum/secret']);
  });

  it('are the ones that the Service, the budget and the spread select', () => {
    const manifests = render(EVERYTHING);
    const { labels } = podTemplateOf(manifests).metadata;
    const selector = { 'app.kubernetes.io/name': 'tele', 'app.kubernetes.io/instance': 'tp' };
    expect(labels).toMatchObject({ ...selector, team: 'gpu' });
    expect(only(manifests, 'Service')).toMatchObject({ spec: { selector } });
    expect(only(manifests, 'Deployment')).toMatchObject({ spec: { selector: { matchLabels: selector } } });
    expect(only(manifests, 'PodDisruptionBudget')).toMatchObject({ spec: { selector: { matchLabels: selector } } });
    expect(podTemplateOf(manifests).spec['topologySpreadConstraints']).toMatchObject([
      { labelSelector: { matchLabels: selector } },
      { labelSelector: { matchLabels: { a: 'b' } } },
    ]);
  });
});
