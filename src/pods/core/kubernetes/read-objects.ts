import { readInstant } from '../instant.js';
import type { ObjectMeta, OwnerReference, WatchedNode, WatchedPod } from './objects.js';

/** Prefixes of the label keys by which frameworks name what their pods and jobs belong to. */
const KEPT_PREFIXES = [
  'training.kubeflow.org/',
  'trainer.kubeflow.org/',
  'jobset.sigs.k8s.io/',
  'leaderworkerset.sigs.k8s.io/',
  'batch.kubernetes.io/',
  'kueue.x-k8s.io/',
  'ray.io/',
  'volcano.sh/',
  'workflows.argoproj.io/',
  'serving.kserve.io/',
  'serving.knative.dev/',
  'sparkoperator.k8s.io/',
  'primus-safe.',
] as const;

/** Keys without a prefix: older names of the same things, Spark's and Kubeflow notebooks' own. */
const KEPT_KEYS: ReadonlySet<string> = new Set([
  'job-name',
  'controller-uid',
  'mpi-job-name',
  'notebook-name',
  'spark-role',
  'spark-app-name',
  'spark-app-selector',
]);

const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror';
const COMPLETED_PHASES: ReadonlySet<string | null> = new Set(['Succeeded', 'Failed']);

type Json = Readonly<Record<string, unknown>>;

/** Whether owner resolution looks at a label; the others are not kept, most pods carry dozens. */
export function isKeptLabel(key: string, platformLabels: readonly string[]): boolean {
  return KEPT_KEYS.has(key) || platformLabels.includes(key) || KEPT_PREFIXES.some((prefix) => key.startsWith(prefix));
}

/**
 * What is kept of a pod as the API server writes it. Undefined when it has no name or UID; any other field that is
 * missing or odd counts as not told. `platformLabels` are kept beside the labels of known frameworks.
 */
export function readPod(raw: unknown, platformLabels: readonly string[]): WatchedPod | undefined {
  const meta = readMeta(raw, platformLabels);
  if (meta === undefined) return undefined;
  const { metadata, spec, status } = object(raw);
  const { annotations } = object(metadata);
  const { nodeName, hostNetwork } = object(spec);
  const told = object(status);
  const phase = text(told['phase']);
  const isCompleted = COMPLETED_PHASES.has(phase);
  return {
    ...meta,
    nodeName: text(nodeName),
    phase,
    podIp: text(told['podIP']),
    hostNetwork: hostNetwork === true,
    startedAt: time(told['startTime']),
    completedAt: isCompleted ? lastFinish(told) : null,
    isCompleted,
    isMirror: Object.hasOwn(object(annotations), MIRROR_ANNOTATION),
  };
}

/** What is kept of a node. Undefined when it has no name. */
export function readNode(raw: unknown): WatchedNode | undefined {
  const { metadata, spec, status } = object(raw);
  const name = text(object(metadata)['name']);
  if (name === null) return undefined;
  const { addresses, conditions } = object(status);
  const known = array(addresses).map((entry) => text(object(entry)['address']));
  const others = known.filter((address) => address !== null && address !== name);
  const schedulable = object(spec)['unschedulable'] !== true;
  return {
    name,
    addresses: [...new Set(others)] as string[],
    status: `${readiness(conditions)}${schedulable ? '' : ',SchedulingDisabled'}`,
  };
}

/** What is kept of the metadata of any object. Undefined when it has no name or UID. */
export function readMeta(raw: unknown, platformLabels: readonly string[]): ObjectMeta | undefined {
  const metadata = object(object(raw)['metadata']);
  const uid = text(metadata['uid']);
  const name = text(metadata['name']);
  if (uid === null || name === null) return undefined;
  return {
    uid,
    name,
    namespace: text(metadata['namespace']) ?? '',
    labels: keptLabels(metadata['labels'], platformLabels),
    ownerReferences: array(metadata['ownerReferences']).flatMap(readReference),
    createdAt: time(metadata['creationTimestamp']),
  };
}

function readReference(raw: unknown): OwnerReference[] {
  const reference = object(raw);
  const apiVersion = text(reference['apiVersion']);
  const kind = text(reference['kind']);
  const name = text(reference['name']);
  const uid = text(reference['uid']);
  if (apiVersion === null || kind === null || name === null || uid === null) return [];
  return [{ apiVersion, kind, name, uid, controller: reference['controller'] === true }];
}

function keptLabels(raw: unknown, platformLabels: readonly string[]): Record<string, string> {
  const kept = Object.entries(object(raw)).filter(
    (entry): entry is [string, string] => isKeptLabel(entry[0], platformLabels) && text(entry[1]) !== null,
  );
  return Object.fromEntries(kept);
}

/** When the last container of a completed pod ended; null for evicted pods, whose containers tell nothing. */
function lastFinish(status: Json): number | null {
  const statuses = [...array(status['containerStatuses']), ...array(status['initContainerStatuses'])];
  const finishes = statuses.map((entry) => time(object(object(object(entry)['state'])['terminated'])['finishedAt']));
  return finishes.reduce((last, at) => (last === null || (at !== null && at > last) ? at : last), null);
}

/** kubectl's words: a condition that is not True is NotReady, also an Unknown one; Unknown is for none at all. */
function readiness(conditions: unknown): string {
  const ready = array(conditions).find((condition) => object(condition)['type'] === 'Ready');
  if (ready === undefined) return 'Unknown';
  return object(ready)['status'] === 'True' ? 'Ready' : 'NotReady';
}

function object(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function array(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

/** Text that PostgreSQL can hold, and not empty; else null. */
function text(value: unknown): string | null {
  if (typeof value !== 'string' || value === '') return null;
  return value.includes('\0') || !value.isWellFormed() ? null : value;
}

/** ms since the epoch of a time as Kubernetes writes it (RFC 3339). */
function time(value: unknown): number | null {
  return typeof value === 'string' ? (readInstant(value) ?? null) : null;
}
