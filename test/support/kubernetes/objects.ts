import { randomUUID } from 'node:crypto';
import { apiVersionOf, type Kind, NODE, POD } from './kinds.js';
import type { KubernetesObject, ObjectMetadata, OwnerRef } from './object.js';
import { timestamp } from './store.js';

export interface MetadataOptions {
  /** `default` when missing; ignored for cluster-scoped kinds. */
  readonly namespace?: string;
  /** Random when missing. */
  readonly uid?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** The object whose controller made this one. */
  readonly owner?: KubernetesObject;
  /** References besides the one to `owner`. */
  readonly owners?: readonly OwnerRef[];
  /** ms since the epoch; now when missing. */
  readonly createdAt?: number;
}

export interface PodOptions extends MetadataOptions {
  /** Null while it is not scheduled; `node-1` when missing. */
  readonly node?: string | null;
  /** `Running` when missing, `Pending` without a node. */
  readonly phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';
  readonly ip?: string;
  readonly hostNetwork?: boolean;
  /** Whole GPUs of its only container. */
  readonly gpus?: number;
  /** `amd.com/gpu` when missing. */
  readonly gpuResource?: string;
  /** ms since the epoch: when the kubelet took it up; creation when missing. */
  readonly startedAt?: number;
  /** ms since the epoch, of a pod that is `Succeeded` or `Failed`; a minute after its start when missing. */
  readonly finishedAt?: number;
}

/** The reference that the controller behind `owner` writes. */
export function controllerRef(owner: KubernetesObject): OwnerRef {
  return { ...ownerRef(owner), controller: true, blockOwnerDeletion: true };
}

/** A reference to an owner that is no controller. */
export function ownerRef({ apiVersion, kind, metadata: { name, uid } }: KubernetesObject): OwnerRef {
  if (uid === undefined) throw new Error(`${kind} ${name} has no UID yet`);
  return { apiVersion, kind, name, uid };
}

/** Any object: a workload of any kind, a namespace. `fields` are what stands beside the metadata. */
export function object(
  kind: Kind,
  name: string,
  options: MetadataOptions = {},
  fields: Readonly<Record<string, unknown>> = {},
): KubernetesObject {
  return { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: metadataOf(kind, name, options), ...fields };
}

function metadataOf(kind: Kind, name: string, options: MetadataOptions): ObjectMetadata {
  const { owner, owners = [], labels, annotations } = options;
  const references = [...(owner === undefined ? [] : [controllerRef(owner)]), ...owners];
  return {
    name,
    ...(kind.namespaced && { namespace: options.namespace ?? owner?.metadata.namespace ?? 'default' }),
    uid: options.uid ?? randomUUID(),
    creationTimestamp: timestamp(options.createdAt),
    ...(labels && { labels: { ...labels } }),
    ...(annotations && { annotations: { ...annotations } }),
    ...(references.length > 0 && { ownerReferences: references }),
  };
}

/** A pod as kubelet and controllers leave it. */
export function pod(name: string, options: PodOptions = {}): KubernetesObject {
  return object(POD, name, options, { spec: podSpec(options), status: podStatus(options) });
}

/** What a kubelet writes for a manifest on its node. */
export function mirrorPod(name: string, node: KubernetesObject, options: PodOptions = {}): KubernetesObject {
  const hash = 'd41d8cd98f00b204e9800998ecf8427e';
  const annotations = {
    'kubernetes.io/config.hash': hash,
    'kubernetes.io/config.mirror': hash,
    'kubernetes.io/config.source': 'file',
    ...options.annotations,
  };
  const names = { namespace: 'kube-system', node: node.metadata.name, owner: node, hostNetwork: true };
  return pod(name, { ...names, ...options, annotations });
}

export interface NodeOptions extends MetadataOptions {
  /** `True` when missing. */
  readonly ready?: 'True' | 'False' | 'Unknown';
  readonly unschedulable?: boolean;
  /** Internal IPs; one of 10.0.0.0/8 when missing. */
  readonly ips?: readonly string[];
  /** Its own name when missing. */
  readonly hostname?: string;
  readonly gpus?: number;
  readonly gpuResource?: string;
}

export function node(name: string, options: NodeOptions = {}): KubernetesObject {
  const labels = { 'kubernetes.io/hostname': options.hostname ?? name, 'kubernetes.io/os': 'linux', ...options.labels };
  const capacity = { cpu: '128', memory: '2113389912Ki', pods: '110', ...gpuAmount(options) };
  return object(
    NODE,
    name,
    { ...options, labels },
    {
      spec: { podCIDR: '10.244.0.0/24', ...(options.unschedulable === true && { unschedulable: true }) },
      status: {
        capacity,
        allocatable: capacity,
        conditions: nodeConditions(options),
        addresses: [
          ...(options.ips ?? ['10.0.0.1']).map((address) => ({ type: 'InternalIP', address })),
          { type: 'Hostname', address: options.hostname ?? name },
        ],
        nodeInfo: { kubeletVersion: 'v1.34.1', osImage: 'Ubuntu 24.04.2 LTS', kernelVersion: '6.8.0-60-generic' },
      },
    },
  );
}

function nodeConditions({ ready = 'True', createdAt }: NodeOptions) {
  const times = { lastHeartbeatTime: timestamp(createdAt), lastTransitionTime: timestamp(createdAt) };
  const pressure = ['MemoryPressure', 'DiskPressure', 'PIDPressure'].map((type) => ({
    type,
    status: 'False',
    ...times,
  }));
  return [
    ...pressure,
    { type: 'Ready', status: ready, reason: ready === 'True' ? 'KubeletReady' : 'NotReady', ...times },
  ];
}

function gpuAmount({ gpus, gpuResource = 'amd.com/gpu' }: PodOptions | NodeOptions): Record<string, string> {
  return gpus === undefined ? {} : { [gpuResource]: String(gpus) };
}

function podSpec(options: PodOptions) {
  const amounts = { cpu: '8', memory: '64Gi', ...gpuAmount(options) };
  const nodeName = options.node === undefined ? 'node-1' : options.node;
  return {
    containers: [
      {
        name: 'main',
        image: 'registry.example.com/train:1',
        resources: { limits: amounts, requests: amounts },
        terminationMessagePath: '/dev/termination-log',
        imagePullPolicy: 'IfNotPresent',
      },
    ],
    restartPolicy: 'Always',
    dnsPolicy: 'ClusterFirst',
    ...(nodeName !== null && { nodeName }),
    ...(options.hostNetwork === true && { hostNetwork: true }),
    schedulerName: 'default-scheduler',
  };
}

function podStatus(options: PodOptions) {
  const phase = options.phase ?? (options.node === null ? 'Pending' : 'Running');
  if (options.node === null)
    return { phase, conditions: [{ type: 'PodScheduled', status: 'False' }], qosClass: 'Burstable' };
  const startedAt = options.startedAt ?? options.createdAt ?? Date.now();
  const isOver = phase === 'Succeeded' || phase === 'Failed';
  const running = {
    state: { running: { startedAt: timestamp(startedAt) } },
    ready: phase === 'Running',
    restartCount: 0,
  };
  const container = isOver ? terminated(phase, startedAt, options.finishedAt ?? startedAt + 60_000) : running;
  const ip = options.ip ?? '10.244.0.7';
  return {
    phase,
    conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
      type,
      status: isOver && type.includes('Ready') ? 'False' : 'True',
      lastTransitionTime: timestamp(isOver ? (options.finishedAt ?? startedAt + 60_000) : startedAt),
      ...(isOver && type.includes('Ready') && { reason: 'PodCompleted' }),
    })),
    hostIP: '10.0.0.1',
    startTime: timestamp(startedAt),
    ...(phase !== 'Pending' && {
      podIP: ip,
      podIPs: [{ ip }],
      containerStatuses: [{ name: 'main', image: 'registry.example.com/train:1', ...container }],
    }),
    qosClass: 'Burstable',
  };
}

function terminated(phase: string, startedAt: number, finishedAt: number) {
  const isGood = phase === 'Succeeded';
  const times = { startedAt: timestamp(startedAt), finishedAt: timestamp(finishedAt) };
  const state = { terminated: { exitCode: isGood ? 0 : 1, reason: isGood ? 'Completed' : 'Error', ...times } };
  return { state, ready: false, restartCount: 0 };
}
