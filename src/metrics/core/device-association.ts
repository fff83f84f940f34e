import { deviceKey } from '../../pods/core/device.js';
import type { DeviceClass } from '../../pods/core/inventory-rows.js';
import type { PodRef } from '../../pods/core/inventory-view.js';
import type { SeriesDevice } from './device-series.js';
import type { Owner } from './find-owner.js';
import { isDaemon, isScrapeTarget, nodeOf, type Scraped } from './scraped-from.js';

/** What a series' labels teach: this pod holds this device. */
export interface DeviceAssociation {
  readonly node: string;
  readonly kind: LearnedKind;
  readonly key: string;
  readonly uuid: string | null;
  readonly serial: string | null;
  readonly podUid: string;
  /** Whether `exported_pod` says so; a plain `pod` may be the exporter's own all the same. */
  readonly explicit: boolean;
  /** The scraped exporter's pod, where the labels tell it apart from the holder. */
  readonly exporterUid: string | undefined;
}

/** The classes of devices that one pod at a time is given; every pod of a node shares its RDMA devices. */
export type LearnedKind = Exclude<DeviceClass, 'rdma'>;

const SERIAL_LABEL = 'serial_number';
const WHOLE_GPU = new Set(['spx', 'na', 'n/a', 'none']);

/**
 * What a series teaches about who holds its device, if anything. It must be of a family of device metrics, name node, device
 * and a living pod with its namespace or UID, and the pod must run on that node on behalf of a workload. Exporters are told
 * by being daemons or the scraped address. A partition of a GPU is no device of the inventory's, so it teaches nothing.
 */
export function associationOf(
  device: SeriesDevice | undefined,
  owner: Owner,
  scraped: Scraped,
): DeviceAssociation | undefined {
  const [pod] = owner.pods;
  if (device?.byFamily !== true || device.deviceClass === 'rdma' || isPartition(scraped)) return undefined;
  if (pod === undefined || owner.pods.length !== 1 || owner.endedAt !== undefined) return undefined;
  const explicit = owner.rule === 'exported_pod';
  if (!explicit && ((owner.rule !== 'pod' && owner.rule !== 'pod_uid') || isScrapeTarget(pod, scraped)))
    return undefined;
  const key = keyOf(device);
  if (key === undefined || pod.workloads.length === 0 || isDaemon(pod)) return undefined;
  const node = nodeOf(scraped);
  if (node === undefined || pod.nodeName !== node) return undefined;
  // When what the inventory says about the pod's devices changes, the series is to teach again.
  scraped.reads.read('owns', pod.uid);
  return {
    node,
    kind: device.deviceClass,
    key,
    ...identityOf(device, scraped),
    podUid: pod.uid,
    explicit,
    exporterUid: explicit ? exporterBeside(pod, scraped) : undefined,
  };
}

function keyOf({ deviceClass, key }: SeriesDevice): string | undefined {
  if (key === undefined) return undefined;
  return deviceClass === 'gpu' ? (deviceKey('gpu', key, null) ?? undefined) : key;
}

/** NVIDIA's labels of MIG instances and AMD's of compute partitions. */
function isPartition({ labels }: Scraped): boolean {
  if (labels.first(['GPU_I_ID', 'GPU_I_PROFILE']) !== undefined) return true;
  const type = labels.get('gpu_compute_partition_type')?.toLowerCase();
  if (type !== undefined) return !WHOLE_GPU.has(type);
  const id = labels.get('gpu_partition_id')?.toLowerCase();
  return id !== undefined && id !== '0' && !WHOLE_GPU.has(id);
}

function identityOf(
  { deviceClass }: SeriesDevice,
  { labels, rules }: Scraped,
): { uuid: string | null; serial: string | null } {
  const uuidLabels = rules.devices.find((rule) => rule.deviceClass === deviceClass)?.uuidLabels ?? [];
  const uuid = labels.first(uuidLabels.filter((name) => name !== SERIAL_LABEL))?.value ?? null;
  return { uuid, serial: uuidLabels.includes(SERIAL_LABEL) ? (labels.get(SERIAL_LABEL) ?? null) : null };
}

/** Beside `exported_pod`, `pod` is the scraped exporter. (Prometheus, honor_labels) */
function exporterBeside(holder: PodRef, { labels, view, reads }: Scraped): string | undefined {
  const name = labels.get('pod');
  const namespace = labels.get('namespace');
  if (name === undefined || namespace === undefined) return undefined;
  const exporter = view.podsByName(namespace, name, reads)[0];
  return exporter?.uid === holder.uid ? undefined : exporter?.uid;
}
