/** A kind of objects that the stand-in serves, in the one version it has. */
export interface Kind {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

const builtIn = (group: string, version: string, kind: string, namespaced = true): Kind => ({
  group,
  version,
  kind,
  plural: `${kind.toLowerCase()}s`,
  namespaced,
});

export const POD = builtIn('', 'v1', 'Pod');
export const NODE = builtIn('', 'v1', 'Node', false);
export const REPLICA_SET = builtIn('apps', 'v1', 'ReplicaSet');
export const DEPLOYMENT = builtIn('apps', 'v1', 'Deployment');
export const JOB = builtIn('batch', 'v1', 'Job');

/** What every cluster serves. */
const BUILT_IN_KINDS: readonly Kind[] = [
  POD,
  NODE,
  builtIn('', 'v1', 'Namespace', false),
  builtIn('', 'v1', 'ReplicationController'),
  REPLICA_SET,
  DEPLOYMENT,
  builtIn('apps', 'v1', 'StatefulSet'),
  builtIn('apps', 'v1', 'DaemonSet'),
  JOB,
  builtIn('batch', 'v1', 'CronJob'),
];

/** Kinds of custom resources, for `defineKind`. */
export const PYTORCH_JOB = builtIn('kubeflow.org', 'v1', 'PyTorchJob');
export const MPI_JOB = builtIn('kubeflow.org', 'v2beta1', 'MPIJob');
export const VOLCANO_JOB = builtIn('batch.volcano.sh', 'v1alpha1', 'Job');
export const JOB_SET = builtIn('jobset.x-k8s.io', 'v1alpha2', 'JobSet');
export const TRAIN_JOB = builtIn('trainer.kubeflow.org', 'v1alpha1', 'TrainJob');
export const RAY_CLUSTER = builtIn('ray.io', 'v1', 'RayCluster');
export const RAY_JOB = builtIn('ray.io', 'v1', 'RayJob');
export const LEADER_WORKER_SET = builtIn('leaderworkerset.x-k8s.io', 'v1', 'LeaderWorkerSet');
export const ARGO_WORKFLOW = builtIn('argoproj.io', 'v1alpha1', 'Workflow');
export const KUEUE_WORKLOAD = builtIn('kueue.x-k8s.io', 'v1beta1', 'Workload');

/** Group and version as objects write them, e.g. `apps/v1` or `v1`. */
export function apiVersionOf(kind: Kind): string {
  return kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
}

/** The plural name with its group, e.g. `jobs.batch`; the plural alone in the core group. */
export function resourceNameOf(kind: Kind): string {
  return kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`;
}

/** Whether a test means this kind by `name`: the plural alone, or with its group. */
export function isNamed(kind: Kind, name: string): boolean {
  return name === kind.plural || name === resourceNameOf(kind);
}

/** The kinds that are served at the moment. */
export class KindRegistry {
  private kinds: readonly Kind[] = BUILT_IN_KINDS;

  define(kind: Kind): void {
    this.kinds = [...this.kinds.filter((known) => !isSame(known, kind)), kind];
  }

  undefine(kind: Kind): void {
    this.kinds = this.kinds.filter((known) => !isSame(known, kind));
  }

  all(): readonly Kind[] {
    return this.kinds;
  }

  inVersion(group: string, version: string): readonly Kind[] {
    return this.kinds.filter((kind) => kind.group === group && kind.version === version);
  }

  byPlural(group: string, version: string, plural: string): Kind | undefined {
    return this.inVersion(group, version).find((kind) => kind.plural === plural);
  }

  /** The kind of an object. Throws when it is not served: a test has to define it first. */
  ofObject(object: { readonly apiVersion: string; readonly kind: string }): Kind {
    const found = this.kinds.find((kind) => kind.kind === object.kind && apiVersionOf(kind) === object.apiVersion);
    if (found === undefined) throw new Error(`${object.kind} of ${object.apiVersion} is not defined in the stand-in`);
    return found;
  }
}

/** The same kind, whatever its version. */
export function isSame(left: Kind, right: Kind): boolean {
  return left.group === right.group && left.kind === right.kind;
}
