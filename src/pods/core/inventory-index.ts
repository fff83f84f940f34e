import { BindingIndex } from './binding-index.js';
import { deviceClass, DEVICE_LABEL, type DeviceClass, type InventoryRows } from './inventory-rows.js';
import type { DeviceHolding, InventoryView, PodRef } from './inventory-view.js';
import { NodeIndex } from './node-index.js';
import { PodIndex } from './pod-index.js';
import { StampOutlet, TouchedSlots, type StampReads, type Stamps } from './stamps.js';

/** How many of each thing an index holds. */
export interface InventorySizes {
  nodes: number;
  pods: number;
  workloads: number;
  bindings: number;
}

/**
 * The two caches (device → pod, pod → workload) as one index in memory. `apply` takes changed rows and is atomic to readers
 * because it does not yield; rows that have not changed cost a comparison and touch nothing.
 */
export class InventoryIndex implements InventoryView {
  private readonly outlet: StampOutlet;
  private readonly nodeIndex: NodeIndex;
  private readonly podIndex: PodIndex;
  private readonly bindingIndex: BindingIndex;

  /** @param stamps told of every change; null while the index is being built and nobody reads it */
  constructor(stamps: Stamps | null) {
    this.outlet = new StampOutlet(stamps);
    this.nodeIndex = new NodeIndex(this.outlet);
    this.podIndex = new PodIndex(this.outlet);
    this.bindingIndex = new BindingIndex(this.outlet, this.podIndex);
  }

  /**
   * Takes the place of another index: touches the given slots (what {@link differences} found) and tells of every change
   * from now on. Readers must be given this index in the same turn of the event loop, or they would cache old answers
   * under new stamps.
   */
  succeed(stamps: Stamps, slots: ReadonlySet<number>): void {
    for (const slot of slots) stamps.touchSlot(slot);
    this.outlet.open(stamps);
  }

  apply(rows: InventoryRows): void {
    for (const row of rows.nodes) this.nodeIndex.upsert(row);
    for (const row of rows.workloads) this.podIndex.upsertWorkload(row);
    for (const row of rows.pods) this.podIndex.upsertPod(row);
    for (const row of rows.podWorkloads) this.podIndex.upsertReference(row);
    for (const row of rows.bindings) this.bindingIndex.upsert(row);
  }

  /** Forgets what ended before the given time (ms). */
  prune(before: number): void {
    this.bindingIndex.prune(before);
    this.podIndex.prune(before);
    this.nodeIndex.prune(before);
  }

  /**
   * Finds the slots of everything that the two indexes answer differently. Yields often, so that the caller can do it in
   * slices; neither index may change meanwhile.
   */
  *differences(other: InventoryIndex): Generator<void, ReadonlySet<number>> {
    const touched = new TouchedSlots();
    for (const [a, b] of [
      [this, other],
      [other, this],
    ] as const) {
      yield* a.nodeIndex.differences(b.nodeIndex, touched);
      yield* a.podIndex.differences(b.podIndex, touched);
      yield* a.bindingIndex.differences(b.bindingIndex, touched);
    }
    return touched.slots;
  }

  sizes(): InventorySizes {
    return {
      nodes: this.nodeIndex.size,
      pods: this.podIndex.podCount,
      workloads: this.podIndex.workloadCount,
      bindings: this.bindingIndex.size,
    };
  }

  node(label: string, reads: StampReads): string | undefined {
    return this.nodeIndex.find(label, reads);
  }

  hasDevices(node: string, kind: DeviceClass, reads: StampReads): boolean {
    return this.bindingIndex.hasDevices(node, kind, reads);
  }

  hasVouchedDevices(node: string, kind: DeviceClass, reads: StampReads): boolean {
    return this.bindingIndex.hasVouchedDevices(node, kind, reads);
  }

  holdings(node: string, kind: DeviceClass, key: string, reads: StampReads): readonly DeviceHolding[] {
    return this.bindingIndex.holdings(node, kind, key, reads);
  }

  holdingsByUuid(node: string, kind: DeviceClass, uuid: string, reads: StampReads): readonly DeviceHolding[] {
    return this.bindingIndex.holdingsByUuid(node, kind, uuid, reads);
  }

  podByUid(uid: string, reads: StampReads): PodRef | undefined {
    return this.podIndex.podByUid(uid, reads);
  }

  podsByName(namespace: string, name: string, reads: StampReads): readonly PodRef[] {
    return this.podIndex.podsByName(namespace, name, reads);
  }

  podsByBareName(name: string, reads: StampReads): readonly PodRef[] {
    return this.podIndex.podsByBareName(name, reads);
  }

  ownsDevice(podUid: string, reads: StampReads): boolean {
    return this.bindingIndex.ownsDevice(podUid, reads);
  }

  /**
   * The original's pod cache: `{node: {deviceLabel: {device: [podName, podUID]}}}` of what is held at
   * `now`; of several holders of a device the latest.
   */
  devicePods(now: number): Record<string, Record<string, Record<string, [string, string]>>> {
    const nodes = Object.create(null) as Record<string, Record<string, Record<string, [string, string]>>>;
    for (const row of this.bindingIndex.heldAt(now)) {
      const pod = row.podUid === null ? undefined : this.podIndex.ref(row.podUid);
      if (pod === undefined || pod.endedAt <= now) continue;
      const labels = (nodes[row.node] ??= Object.create(null) as Record<string, Record<string, [string, string]>>);
      const devices = (labels[DEVICE_LABEL[deviceClass(row.kind)]] ??= Object.create(null) as Record<
        string,
        [string, string]
      >);
      devices[row.key] ??= [pod.name, pod.uid];
    }
    return nodes;
  }

  /** The original's workload cache: `{podName: [[workloadName, workloadUID], …]}` of pods alive at `now`, over all namespaces. */
  podWorkloads(now: number): Record<string, [string, string][]> {
    const pods = Object.create(null) as Record<string, [string, string][]>;
    for (const [podName, name, uid] of this.podIndex.workloadsByName(now)) {
      const list = (pods[podName] ??= []);
      if (!list.some((pair) => pair[1] === uid)) list.push([name, uid]);
    }
    return pods;
  }
}
