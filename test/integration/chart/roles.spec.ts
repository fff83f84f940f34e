import { describeWithHelm, render, type Manifest } from '../../support/chart/helm.js';
import { only } from '../../support/chart/pod-view.js';
import { EVERYTHING, SMALL } from '../../support/chart/values.js';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

const NODES = 'nodes: list,watch';

/**
 * Pods are watched, and asked for as owners of others (KubernetesApi.getMetadata). Other owners are asked for one by one, or listed
 * when many of a kind are missing.
 */
const PODS_AND_OWNERS = [
  'pods: get,list,watch',
  'replicationcontrollers: get,list',
  'daemonsets.apps: get,list',
  'deployments.apps: get,list',
  'replicasets.apps: get,list',
  'statefulsets.apps: get,list',
  'cronjobs.batch: get,list',
  'jobs.batch: get,list',
  'jaxjobs.kubeflow.org: get,list',
  'mpijobs.kubeflow.org: get,list',
  'notebooks.kubeflow.org: get,list',
  'paddlejobs.kubeflow.org: get,list',
  'pytorchjobs.kubeflow.org: get,list',
  'tfjobs.kubeflow.org: get,list',
  'xgboostjobs.kubeflow.org: get,list',
  'trainjobs.trainer.kubeflow.org: get,list',
  'jobsets.jobset.x-k8s.io: get,list',
  'rayclusters.ray.io: get,list',
  'raycronjobs.ray.io: get,list',
  'rayjobs.ray.io: get,list',
  'rayservices.ray.io: get,list',
  'cronjobs.batch.volcano.sh: get,list',
  'jobs.batch.volcano.sh: get,list',
  'cronworkflows.argoproj.io: get,list',
  'workflows.argoproj.io: get,list',
  'leaderworkersets.leaderworkerset.x-k8s.io: get,list',
  'scheduledsparkapplications.sparkoperator.k8s.io: get,list',
  'sparkapplications.sparkoperator.k8s.io: get,list',
];

/** One line for each resource, in the order of the rules. */
function allowed(role: Manifest): readonly string[] {
  return (role['rules'] as readonly Rule[]).flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.map((resource) => `${group === '' ? resource : `${resource}.${group}`}: ${verbs.join(',')}`),
    ),
  );
}

describeWithHelm('the roles of the watch', () => {
  it('read pods, nodes and owners of the whole cluster, and nothing else', () => {
    const manifests = render(SMALL);
    expect(allowed(only(manifests, 'ClusterRole'))).toEqual([NODES, ...PODS_AND_OWNERS]);
    expect(manifests.some(({ kind }) => kind === 'Role')).toBe(false);
    expect(only(manifests, 'ClusterRoleBinding')).toMatchObject({
      roleRef: { kind: 'ClusterRole', name: only(manifests, 'ClusterRole').metadata.name },
      subjects: [{ kind: 'ServiceAccount', name: 'tp-telemetry-processor', namespace: 'telemetry' }],
    });
  });

  it('read pods and owners of the listed namespaces, and nodes, when namespaces are listed', () => {
    const manifests = render(EVERYTHING);
    expect(allowed(only(manifests, 'ClusterRole'))).toEqual([NODES]);
    const roles = manifests.filter(({ kind }) => kind === 'Role');
    expect(roles.map(({ metadata }) => metadata.namespace)).toEqual(['ml', 'vision']);
    for (const role of roles) expect(allowed(role)).toEqual([...PODS_AND_OWNERS, 'trainings.example.com: get,list']);
    const bindings = manifests.filter(({ kind }) => kind === 'RoleBinding');
    expect(bindings.map(({ metadata }) => metadata.namespace)).toEqual(['ml', 'vision']);
    for (const binding of bindings) {
      expect(binding).toMatchObject({
        roleRef: { kind: 'Role', name: roles[0]!.metadata.name },
        subjects: [{ kind: 'ServiceAccount', name: 'watcher', namespace: 'telemetry' }],
      });
    }
  });

  it('are not made without the watch', () => {
    const manifests = render({ ...SMALL, kubernetes: { enabled: false, namespaces: ['ml'] } });
    expect(manifests.filter(({ kind }) => kind.includes('Role'))).toEqual([]);
  });
});
