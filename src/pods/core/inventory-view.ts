import type { DeviceClass } from './inventory-rows.js';
import type { StampReads } from './stamps.js';

/** A workload as series are labelled with it. */
export interface WorkloadRef {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly kind: string;
}

/** A pod with its life span in ms (`-Infinity` and `Infinity` where unknown or open) and the workloads it belongs to. */
export interface PodRef {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly nodeName: string | null;
  readonly podIp: string | null;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Every workload of the pod; the pod itself when its owners are known to be none. Sorted by uid. */
  readonly workloads: readonly WorkloadRef[];
}

/** Who held a device when: the span [from, to) in ms. `pod` is null for a holder outside Kubernetes. */
export interface DeviceHolding {
  /** Key of the device; partitions of one GPU share its serial number but not their keys. */
  readonly key: string;
  readonly pod: PodRef | null;
  readonly from: number;
  readonly to: number;
  /** Whether only the labels of an exporter's series say so. */
  readonly learned: boolean;
}

/**
 * What enrichment may ask of the inventory. Each lookup notes in `reads` what its answer depends on,
 * so that a cached decision can be checked against later changes.
 */
export interface InventoryView {
  /** The node called so: exact name, address, or the other one of short name and FQDN when that is unambiguous. */
  node(label: string, reads: StampReads): string | undefined;
  /** Whether any device of this class is known on the node. */
  hasDevices(node: string, deviceClass: DeviceClass, reads: StampReads): boolean;
  /** The same, leaving out devices that are known from exporters' labels alone. */
  hasVouchedDevices(node: string, deviceClass: DeviceClass, reads: StampReads): boolean;
  /** Holdings of a device by its key, latest start first. */
  holdings(node: string, deviceClass: DeviceClass, key: string, reads: StampReads): readonly DeviceHolding[];
  /** Holdings of a device by its UUID or serial number, latest start first. */
  holdingsByUuid(node: string, deviceClass: DeviceClass, uuid: string, reads: StampReads): readonly DeviceHolding[];
  podByUid(uid: string, reads: StampReads): PodRef | undefined;
  /** Pods that have borne this name, latest start first. */
  podsByName(namespace: string, name: string, reads: StampReads): readonly PodRef[];
  /** The same over all namespaces. */
  podsByBareName(name: string, reads: StampReads): readonly PodRef[];
  /** Whether the pod holds or held any device, by the word of others than exporters' labels. */
  ownsDevice(podUid: string, reads: StampReads): boolean;
}
