import { DEPLOYMENT, JOB, type Kind, PYTORCH_JOB, REPLICA_SET } from './kinds.js';
import type { KubernetesObject } from './object.js';
import { type MetadataOptions, object, pod, type PodOptions } from './objects.js';

/** Pods and all owners above them, in the order in which a cluster makes them. */
export interface Chain {
  /** The top first. */
  readonly owners: readonly KubernetesObject[];
  readonly pods: readonly KubernetesObject[];
  /** Owners, then pods: for `apply`. */
  readonly all: readonly KubernetesObject[];
}

export interface ChainOptions extends Omit<PodOptions, 'uid' | 'owner' | 'owners'> {
  /** How many pods; one when missing. */
  readonly pods?: number;
  /** What the topmost object belongs to. */
  readonly above?: KubernetesObject;
}

/** Deployment, ReplicaSet, pods. */
export function deploymentChain(name: string, options: ChainOptions = {}): Chain {
  const hash = { 'pod-template-hash': '7c5ddbdf54' };
  const labels = { app: name, ...options.labels };
  const deployment = object(DEPLOYMENT, name, ownerOptions(options, options.above, labels), replicas(options));
  const setName = `${name}-${hash['pod-template-hash']}`;
  const set = object(
    REPLICA_SET,
    setName,
    ownerOptions(options, deployment, { ...labels, ...hash }),
    replicas(options),
  );
  return chain([deployment, set], options, (index) => ({
    name: `${set.metadata.name}-${suffix(index)}`,
    labels: { ...labels, ...hash },
  }));
}

/** Job and its pods; a CronJob goes `above`. */
export function jobChain(name: string, options: ChainOptions = {}): Chain {
  const job = object(JOB, name, ownerOptions(options, options.above, options.labels), replicas(options));
  return chain([job], options, (index) => ({
    name: `${name}-${index}-${suffix(index)}`,
    labels: {
      'batch.kubernetes.io/controller-uid': job.metadata.uid ?? '',
      'batch.kubernetes.io/job-name': name,
      'batch.kubernetes.io/job-completion-index': String(index),
      'job-name': name,
      ...options.labels,
    },
  }));
}

/** PyTorchJob and its pods, a master first; the kind has to be defined. */
export function pyTorchJobChain(name: string, options: ChainOptions = {}): Chain {
  const job = object(PYTORCH_JOB, name, ownerOptions(options, options.above, options.labels), replicas(options));
  return chain([job], options, (index) => {
    const [type, place] = index === 0 ? ['master', 0] : ['worker', index - 1];
    const prefix = 'training.kubeflow.org';
    return {
      name: `${name}-${type}-${place}`,
      labels: {
        [`${prefix}/job-name`]: name,
        [`${prefix}/operator-name`]: 'pytorchjob-controller',
        [`${prefix}/replica-type`]: type,
        [`${prefix}/replica-index`]: String(place),
        ...(index === 0 && { [`${prefix}/job-role`]: 'master' }),
        ...options.labels,
      },
    };
  });
}

/** One object of any kind that owns its pods directly (StatefulSet, DaemonSet, custom resources); pods are `<name>-<i>`. */
export function ownedPods(kind: Kind, name: string, options: ChainOptions = {}): Chain {
  const owner = object(kind, name, ownerOptions(options, options.above, options.labels), replicas(options));
  return chain([owner], options, (index) => ({ name: `${name}-${index}`, labels: { ...options.labels } }));
}

function chain(
  owners: readonly KubernetesObject[],
  options: ChainOptions,
  podAt: (index: number) => { readonly name: string; readonly labels: Record<string, string> },
): Chain {
  const pods = Array.from({ length: options.pods ?? 1 }, (_, index) => {
    const { name, labels } = podAt(index);
    return pod(name, { ...options, labels, owner: owners.at(-1) });
  });
  return { owners, pods, all: [...owners, ...pods] };
}

function ownerOptions(
  { namespace, createdAt }: ChainOptions,
  owner: KubernetesObject | undefined,
  labels: MetadataOptions['labels'],
): MetadataOptions {
  return { namespace, createdAt, owner, labels };
}

function replicas({ pods = 1 }: ChainOptions) {
  return { spec: { replicas: pods }, status: { readyReplicas: pods } };
}

const LETTERS = 'bcdfghjklmnpqrstvwxz2456789';
const LENGTH = 5;

/** Five characters as controllers append them, another five for every index below fourteen millions. */
export function suffix(index: number): string {
  // The factor shares no divisor with the number of suffixes, so none comes twice.
  let rest = ((index + 1) * 5_765_761) % LETTERS.length ** LENGTH;
  let text = '';
  for (let place = 0; place < LENGTH; place += 1) {
    text += LETTERS[rest % LETTERS.length]!;
    rest = Math.floor(rest / LETTERS.length);
  }
  return text;
}
