import type { ChainedWorkload } from './owner-chain.js';
import { qualifiedKind } from './owner-chain.js';

/** An owner that a framework names by labels on its pods and on the objects between them and it. */
interface LabelledOwner {
  /** Fixed, or told by the value of a label. */
  readonly kind: string | { readonly label: string; readonly kinds: Readonly<Record<string, string>> };
  readonly apiGroup: string;
  readonly nameLabel: string;
  readonly uidLabel?: string;
  readonly namespaceLabel?: string;
  /** Another label that must be there for the name to mean this owner. */
  readonly onlyWith?: string;
}

interface Framework {
  readonly system: string;
  /** Nearest to the pod first: each belongs to the next. */
  readonly owners: readonly LabelledOwner[];
}

const KUBEFLOW_KINDS = {
  'pytorchjob-controller': 'PyTorchJob',
  'tfjob-controller': 'TFJob',
  'xgboostjob-controller': 'XGBoostJob',
  'paddlejob-controller': 'PaddleJob',
  'mpijob-controller': 'MPIJob',
  'mpi-operator': 'MPIJob',
  'jaxjob-controller': 'JAXJob',
};

/** Innermost frameworks first: the first one that names something above what is known is believed. */
const FRAMEWORKS: readonly Framework[] = [
  {
    system: 'Job, JobSet, Kubeflow Trainer',
    owners: [
      {
        kind: 'Job',
        apiGroup: 'batch',
        nameLabel: 'batch.kubernetes.io/job-name',
        uidLabel: 'batch.kubernetes.io/controller-uid',
      },
      {
        kind: 'JobSet',
        apiGroup: 'jobset.x-k8s.io',
        nameLabel: 'jobset.sigs.k8s.io/jobset-name',
        uidLabel: 'jobset.sigs.k8s.io/jobset-uid',
      },
      {
        kind: 'TrainJob',
        apiGroup: 'trainer.kubeflow.org',
        // The JobSet of a TrainJob has its name.
        nameLabel: 'jobset.sigs.k8s.io/jobset-name',
        onlyWith: 'trainer.kubeflow.org/trainjob-ancestor-step',
      },
    ],
  },
  {
    system: 'Job before Kubernetes 1.27',
    // The training operator writes `job-name` too, but not with the UID of a Job.
    owners: [
      { kind: 'Job', apiGroup: 'batch', nameLabel: 'job-name', uidLabel: 'controller-uid', onlyWith: 'controller-uid' },
    ],
  },
  {
    system: 'Kubeflow training operator, mpi-operator',
    owners: [
      {
        kind: { label: 'training.kubeflow.org/operator-name', kinds: KUBEFLOW_KINDS },
        apiGroup: 'kubeflow.org',
        nameLabel: 'training.kubeflow.org/job-name',
      },
    ],
  },
  {
    system: 'MPIJob v1',
    owners: [{ kind: 'MPIJob', apiGroup: 'kubeflow.org', nameLabel: 'mpi-job-name' }],
  },
  {
    system: 'KubeRay',
    owners: [
      // Submitters carry the name of the cluster as well, but do not belong to it.
      { kind: 'RayCluster', apiGroup: 'ray.io', nameLabel: 'ray.io/cluster', onlyWith: 'ray.io/node-type' },
      {
        kind: { label: 'ray.io/originated-from-crd', kinds: { RayJob: 'RayJob', RayService: 'RayService' } },
        apiGroup: 'ray.io',
        nameLabel: 'ray.io/originated-from-cr-name',
      },
      { kind: 'RayCronJob', apiGroup: 'ray.io', nameLabel: 'ray.io/cronjob-name' },
    ],
  },
  {
    system: 'Volcano',
    owners: [
      {
        kind: 'Job',
        apiGroup: 'batch.volcano.sh',
        nameLabel: 'volcano.sh/job-name',
        namespaceLabel: 'volcano.sh/job-namespace',
      },
    ],
  },
  {
    system: 'LeaderWorkerSet',
    owners: [
      {
        kind: 'LeaderWorkerSet',
        apiGroup: 'leaderworkerset.x-k8s.io',
        nameLabel: 'leaderworkerset.sigs.k8s.io/name',
      },
    ],
  },
  {
    system: 'Spark operator',
    owners: [
      { kind: 'SparkApplication', apiGroup: 'sparkoperator.k8s.io', nameLabel: 'sparkoperator.k8s.io/app-name' },
    ],
  },
  {
    system: 'Knative Serving, KServe',
    owners: [
      {
        kind: 'Revision',
        apiGroup: 'serving.knative.dev',
        nameLabel: 'serving.knative.dev/revision',
        uidLabel: 'serving.knative.dev/revisionUID',
      },
      {
        kind: 'Configuration',
        apiGroup: 'serving.knative.dev',
        nameLabel: 'serving.knative.dev/configuration',
        uidLabel: 'serving.knative.dev/configurationUID',
      },
      {
        kind: 'Service',
        apiGroup: 'serving.knative.dev',
        nameLabel: 'serving.knative.dev/service',
        uidLabel: 'serving.knative.dev/serviceUID',
      },
      { kind: 'InferenceService', apiGroup: 'serving.kserve.io', nameLabel: 'serving.kserve.io/inferenceservice' },
    ],
  },
  {
    system: 'Kubeflow Notebooks',
    owners: [{ kind: 'Notebook', apiGroup: 'kubeflow.org', nameLabel: 'notebook-name' }],
  },
  {
    system: 'Argo Workflows',
    owners: [
      { kind: 'Workflow', apiGroup: 'argoproj.io', nameLabel: 'workflows.argoproj.io/workflow' },
      { kind: 'CronWorkflow', apiGroup: 'argoproj.io', nameLabel: 'workflows.argoproj.io/cron-workflow' },
    ],
  },
];

/** A workload that labels name. */
export type LabelledWorkload = Omit<ChainedWorkload, 'ownerUid'>;

/** Keys of all labels that {@link labelledWorkloads} reads. */
export const FRAMEWORK_LABELS: readonly string[] = [...new Set(FRAMEWORKS.flatMap((framework) => labelsOf(framework)))];

/**
 * The workloads that the labels of an object name, one list for each framework that names any, each nearest first.
 * @param namespace of the object that carries the labels
 */
export function labelledWorkloads(
  labels: Readonly<Record<string, string>>,
  namespace: string,
): readonly (readonly LabelledWorkload[])[] {
  return FRAMEWORKS.map(({ owners }) => owners.flatMap((owner) => labelled(owner, labels, namespace) ?? [])).filter(
    (workloads) => workloads.length > 0,
  );
}

function labelled(
  owner: LabelledOwner,
  labels: Readonly<Record<string, string>>,
  childNamespace: string,
): LabelledWorkload | undefined {
  const name = labels[owner.nameLabel];
  const kind = kindOf(owner, labels);
  if (!name || kind === undefined) return undefined;
  if (owner.onlyWith !== undefined && !labels[owner.onlyWith]) return undefined;
  const { apiGroup } = owner;
  const namespace = valueOf(labels, owner.namespaceLabel) ?? childNamespace;
  const uid = valueOf(labels, owner.uidLabel) ?? `${qualifiedKind(kind, apiGroup)}/${namespace}/${name}`;
  return { uid, name, namespace, kind, apiGroup, createdAt: null };
}

function kindOf({ kind }: LabelledOwner, labels: Readonly<Record<string, string>>): string | undefined {
  if (typeof kind === 'string') return kind;
  const value = valueOf(labels, kind.label);
  return value !== undefined && Object.hasOwn(kind.kinds, value) ? kind.kinds[value] : undefined;
}

/** Undefined when the label is missing or empty. */
function valueOf(labels: Readonly<Record<string, string>>, key: string | undefined): string | undefined {
  const value = key === undefined ? undefined : labels[key];
  return value === '' ? undefined : value;
}

function labelsOf({ owners }: Framework): string[] {
  return owners.flatMap((owner) =>
    [
      owner.nameLabel,
      owner.uidLabel,
      owner.namespaceLabel,
      owner.onlyWith,
      typeof owner.kind === 'string' ? undefined : owner.kind.label,
    ].filter((key) => key !== undefined),
  );
}
