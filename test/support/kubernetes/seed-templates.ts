import { DEPLOYMENT, JOB, type Kind, NODE, PYTORCH_JOB, REPLICA_SET } from './kinds.js';
import type { KubernetesObject } from './object.js';
import { node, object, pod, type PodOptions } from './objects.js';
import { gap, ObjectTemplate } from './seeded-object.js';

/** The text of every kind of seeded object. */
export interface SeedTemplates {
  readonly node: ObjectTemplate;
  readonly owners: Readonly<Record<'PyTorchJob' | 'Deployment' | 'ReplicaSet' | 'Job', ObjectTemplate>>;
  /** By the kind of the pod's controller. */
  readonly running: Readonly<Record<'PyTorchJob' | 'ReplicaSet' | 'Job', ObjectTemplate>>;
  readonly succeeded: ObjectTemplate;
}

const COMMON = { namespace: gap('namespace'), uid: gap('uid') };

export function seedTemplates(gpusPerNode: number, gpuResource: string): SeedTemplates {
  const owned = (kind: Kind, podOptions: PodOptions = {}) =>
    new ObjectTemplate(seededPod(ownerOf(kind), { gpuResource, ...podOptions }));
  const root = (kind: Kind) => new ObjectTemplate(seededOwner(kind));
  return {
    node: new ObjectTemplate(seededNode(gpusPerNode, gpuResource)),
    owners: {
      PyTorchJob: root(PYTORCH_JOB),
      Deployment: root(DEPLOYMENT),
      Job: root(JOB),
      ReplicaSet: new ObjectTemplate(seededOwner(REPLICA_SET, ownerOf(DEPLOYMENT))),
    },
    running: {
      PyTorchJob: owned(PYTORCH_JOB, { gpus: gpusPerNode }),
      ReplicaSet: owned(REPLICA_SET, { gpus: 1 }),
      Job: owned(JOB),
    },
    succeeded: owned(JOB, { phase: 'Succeeded' }),
  };
}

function ownerOf(kind: Kind): KubernetesObject {
  return object(kind, gap('owner'), { ...COMMON, uid: gap('ownerUid') });
}

function withCreation(made: KubernetesObject, managers: readonly string[]): KubernetesObject {
  const metadata = { ...made.metadata, creationTimestamp: gap('created'), managedFields: managers.map(managedFields) };
  return { ...made, metadata };
}

function seededOwner(kind: Kind, owner?: KubernetesObject): KubernetesObject {
  const labels = { app: gap('owner'), 'app.kubernetes.io/managed-by': 'platform', team: gap('namespace') };
  const spec = {
    replicas: 8,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: containers() },
  };
  const made = object(kind, gap('name'), { ...COMMON, labels, owner }, { spec, status: { readyReplicas: 8 } });
  return withCreation(made, ['platform', 'kube-controller-manager']);
}

function seededPod(owner: KubernetesObject, options: PodOptions): KubernetesObject {
  const labels = {
    app: gap('owner'),
    'training.kubeflow.org/job-name': gap('owner'),
    'training.kubeflow.org/replica-type': 'worker',
    'app.kubernetes.io/managed-by': 'platform',
  };
  const annotations = {
    'sidecar.example.com/change': gap('change'),
    'k8s.v1.cni.cncf.io/network-status': `[{"name":"cilium","interface":"eth0","ips":["${gap('ip')}"],"default":true}]`,
  };
  const place = { node: gap('node'), ip: gap('ip') };
  const made = pod(gap('name'), { ...options, ...COMMON, ...place, owner, labels, annotations });
  const spec = made['spec'] as { containers: object[] };
  const detailed = { ...spec, ...containers(spec.containers[0]) };
  return withCreation({ ...made, spec: detailed }, ['training-operator', 'kube-scheduler', 'kubelet']);
}

/** Environment, mounts and tolerations as training pods carry them: most of an object's size. */
function containers(first: object = { name: 'main', image: 'registry.example.com/train:1' }) {
  const env = Array.from({ length: 18 }, (_, index) => ({
    name: `NCCL_SETTING_${index}`,
    value: `value-of-setting-${index}`,
  }));
  const fieldEnv = ['metadata.name', 'status.podIP', 'spec.nodeName'].map((fieldPath, index) => ({
    name: `FIELD_${index}`,
    valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } },
  }));
  const mounts = ['dataset', 'checkpoints', 'shared-memory', 'code', 'kube-api-access-x7k2p'];
  return {
    containers: [
      {
        ...first,
        command: ['/bin/bash', '-c', 'torchrun --nnodes=$NODES --nproc_per_node=8 train.py --config /code/config.yaml'],
        env: [...env, ...fieldEnv],
        volumeMounts: mounts.map((name) => ({ name, mountPath: `/mnt/${name}`, readOnly: name !== 'checkpoints' })),
      },
    ],
    volumes: mounts.map((name) => ({ name, persistentVolumeClaim: { claimName: `${name}-claim` } })),
    tolerations: ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable', 'amd.com/gpu'].map((key) => ({
      key,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: 300,
    })),
    serviceAccountName: 'default',
    terminationGracePeriodSeconds: 30,
    priorityClassName: 'training-high',
    priority: 100_000,
    preemptionPolicy: 'PreemptLowerPriority',
    enableServiceLinks: true,
  };
}

function seededNode(gpus: number, gpuResource: string): KubernetesObject {
  const labels = {
    'topology.kubernetes.io/zone': 'a',
    'amd.com/gpu.family': 'CDNA3',
    'node.example.com/pool': 'training',
  };
  const made = node(gap('name'), { uid: gap('uid'), ips: [gap('ip')], labels, gpus, gpuResource });
  const images = Array.from({ length: 30 }, (_, index) => ({
    names: [`registry.example.com/image-${index}@sha256:${'0123456789abcdef'.repeat(4)}`],
    sizeBytes: 1_000_000_000 + index,
  }));
  const status = { ...(made['status'] as object), images };
  return withCreation({ ...made, apiVersion: NODE.version, status }, ['kubelet', 'kube-controller-manager']);
}

function managedFields(manager: string) {
  const names = ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'];
  const condition = { '.': {}, 'f:lastProbeTime': {}, 'f:lastTransitionTime': {}, 'f:status': {}, 'f:type': {} };
  const conditions = Object.fromEntries(names.map((name) => [`k:{"type":"${name}"}`, condition]));
  const env = Object.fromEntries(
    Array.from({ length: 8 }, (_, index) => [
      `k:{"name":"NCCL_SETTING_${index}"}`,
      { '.': {}, 'f:name': {}, 'f:value': {} },
    ]),
  );
  return {
    manager,
    operation: 'Update',
    apiVersion: 'v1',
    time: gap('created'),
    fieldsType: 'FieldsV1',
    fieldsV1: {
      'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} }, 'f:ownerReferences': { '.': {} } },
      ...(manager === 'kubelet' ? { 'f:status': { 'f:conditions': conditions } } : { 'f:spec': { 'f:env': env } }),
    },
  };
}
