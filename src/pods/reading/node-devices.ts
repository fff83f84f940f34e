import type { DeviceHolderDto, HolderPodDto, NodeDeviceDto } from './node-reading.dto.js';
import type { PodWorkloadDto } from './pod-reading.dto.js';

/** A holding of a device as it is read. */
export interface HoldingRow extends Omit<NodeDeviceDto, 'holders'>, Omit<DeviceHolderDto, 'pod' | 'workloads'> {
  node_name: string;
  device_class: string;
  pod_uid: string | null;
}

/** Holdings, of which those of one device follow each other, as devices by node; `workloads` are those of pods by their UID. */
export function devicesOf(
  rows: readonly HoldingRow[],
  pods: readonly HolderPodDto[],
  workloads: ReadonlyMap<string, PodWorkloadDto[]>,
): Map<string, NodeDeviceDto[]> {
  const byNode = new Map<string, NodeDeviceDto[]>();
  const podByUid = new Map(pods.map((pod) => [pod.uid, pod]));
  let before: HoldingRow | undefined;
  for (const row of rows) {
    const devices = byNode.get(row.node_name) ?? [];
    byNode.set(row.node_name, devices);
    if (before === undefined || !isSameDevice(before, row)) devices.push(toDevice(row));
    devices.at(-1)?.holders.push(toHolder(row, podByUid, workloads));
    before = row;
  }
  return byNode;
}

function isSameDevice(a: HoldingRow, b: HoldingRow): boolean {
  return a.node_name === b.node_name && a.device_class === b.device_class && a.key === b.key;
}

function toDevice({ kind, key, name, uuid, serial }: HoldingRow): NodeDeviceDto {
  return { kind, key, name, uuid, serial, holders: [] };
}

function toHolder(
  row: HoldingRow,
  pods: ReadonlyMap<string, HolderPodDto>,
  workloads: ReadonlyMap<string, PodWorkloadDto[]>,
): DeviceHolderDto {
  const { pod_uid: uid, container_id, since, until, seen_at, source } = row;
  const holding = { container_id, since, until, seen_at, source };
  if (uid === null) return { pod: null, workloads: [], ...holding };
  const { name, namespace } = pods.get(uid) ?? { name: null, namespace: null };
  return { pod: { uid, name, namespace }, workloads: workloads.get(uid) ?? [], ...holding };
}
