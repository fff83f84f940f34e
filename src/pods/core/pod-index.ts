import type { PodRow, PodWorkloadRow, WorkloadRow } from './inventory-rows.js';
import type { PodRef, WorkloadRef } from './inventory-view.js';
import { MultiMap } from './multi-map.js';
import type { StampReads, Touched } from './stamps.js';

interface Pod {
  row: PodRow;
  /** Built on first use after a change. */
  ref: PodRef | null;
}

/** Finds pods by UID and by name, with the workloads they belong to. */
export class PodIndex {
  private readonly pods = new Map<string, Pod>();
  private readonly byName = new MultiMap();
  private readonly byBareName = new MultiMap();
  private readonly workloads = new Map<string, WorkloadRow>();
  private readonly workloadsOfPod = new MultiMap();
  private readonly podsOfWorkload = new MultiMap();

  constructor(private readonly stamps: Touched) {}

  get podCount(): number {
    return this.pods.size;
  }

  get workloadCount(): number {
    return this.workloads.size;
  }

  upsertPod(row: PodRow): void {
    const old = this.pods.get(row.uid)?.row;
    if (old !== undefined) {
      if (samePod(old, row)) return;
      this.unlinkNames(old);
      touchPod(old, this.stamps);
    }
    this.pods.set(row.uid, { row, ref: null });
    this.byName.link(nameKey(row.namespace, row.name), row.uid);
    this.byBareName.link(row.name, row.uid);
    touchPod(row, this.stamps);
  }

  upsertWorkload(row: WorkloadRow): void {
    const old = this.workloads.get(row.uid);
    this.workloads.set(row.uid, row);
    if (old !== undefined && sameWorkload(old, row)) return;
    for (const uid of this.podsOfWorkload.get(row.uid)) this.touchWorkloadsOf(uid);
  }

  upsertReference(row: PodWorkloadRow): void {
    const known = this.workloadsOfPod.includes(row.podUid, row.workloadUid);
    if (known === (row.removedAt === null)) return;
    if (row.removedAt === null) {
      this.workloadsOfPod.link(row.podUid, row.workloadUid);
      this.podsOfWorkload.link(row.workloadUid, row.podUid);
    } else {
      this.workloadsOfPod.unlink(row.podUid, row.workloadUid);
      this.podsOfWorkload.unlink(row.workloadUid, row.podUid);
    }
    this.touchWorkloadsOf(row.podUid);
  }

  /** Forgets pods that ended, and workloads that were removed, before the given time. */
  prune(before: number): void {
    for (const { row } of this.pods.values()) {
      if (row.endedAt === null || row.endedAt >= before) continue;
      this.unlinkNames(row);
      touchPod(row, this.stamps);
      for (const workload of this.workloadsOfPod.get(row.uid)) this.podsOfWorkload.unlink(workload, row.uid);
      this.workloadsOfPod.delete(row.uid);
      this.pods.delete(row.uid);
    }
    for (const row of this.workloads.values()) {
      if (row.removedAt !== null && row.removedAt < before && !this.podsOfWorkload.has(row.uid))
        this.workloads.delete(row.uid);
    }
  }

  podByUid(uid: string, reads: StampReads): PodRef | undefined {
    reads.read('pod', uid);
    return this.ref(uid);
  }

  podsByName(namespace: string, name: string, reads: StampReads): readonly PodRef[] {
    const key = nameKey(namespace, name);
    reads.read('pod-name', key);
    return this.refs(this.byName.get(key), reads);
  }

  podsByBareName(name: string, reads: StampReads): readonly PodRef[] {
    reads.read('bare-name', name);
    return this.refs(this.byBareName.get(name), reads);
  }

  ref(uid: string): PodRef | undefined {
    const pod = this.pods.get(uid);
    if (pod === undefined) return undefined;
    pod.ref ??= toRef(pod.row, this.workloadRefs(pod.row));
    return pod.ref;
  }

  /** Names and workloads of all pods that live at a time. Makes no refs: there may be very many pods. */
  *workloadsByName(now: number): Generator<[podName: string, workloadName: string, workloadUid: string]> {
    for (const { row } of this.pods.values()) {
      if (row.endedAt !== null && row.endedAt <= now) continue;
      let count = 0;
      for (const uid of this.workloadsOfPod.get(row.uid)) {
        const workload = this.workloads.get(uid);
        if (workload === undefined) continue;
        count += 1;
        yield [row.name, workload.name, uid];
      }
      if (count === 0 && row.ownersKnown) yield [row.name, row.name, row.uid];
    }
  }

  /** Tells what this index answers otherwise than the other; called both ways. Yields after each row. */
  *differences(other: PodIndex, touched: Touched): Generator<void> {
    for (const [uid, pod] of this.pods) {
      const twin = other.pods.get(uid);
      if (twin === undefined || !samePod(pod.row, twin.row)) touchPod(pod.row, touched);
      else if (!this.hasSameWorkloads(uid, other)) touched.touch('pod', uid);
      yield;
    }
  }

  private hasSameWorkloads(podUid: string, other: PodIndex): boolean {
    if (this.workloadsOfPod.count(podUid) !== other.workloadsOfPod.count(podUid)) return false;
    for (const uid of this.workloadsOfPod.get(podUid)) {
      if (!other.workloadsOfPod.includes(podUid, uid)) return false;
      const [mine, its] = [this.workloads.get(uid), other.workloads.get(uid)];
      if (mine !== its && (mine === undefined || its === undefined || !sameWorkload(mine, its))) return false;
    }
    return true;
  }

  private workloadRefs(row: PodRow): readonly WorkloadRef[] {
    const refs: WorkloadRef[] = [];
    for (const uid of this.workloadsOfPod.get(row.uid)) {
      const workload = this.workloads.get(uid);
      if (workload !== undefined) {
        refs.push({ uid, name: workload.name, namespace: workload.namespace, kind: workload.kind });
      }
    }
    if (refs.length === 0 && row.ownersKnown)
      refs.push({ uid: row.uid, name: row.name, namespace: row.namespace, kind: 'Pod' });
    return refs.sort((a, b) => (a.uid < b.uid ? -1 : 1));
  }

  private refs(uids: Iterable<string>, reads: StampReads): readonly PodRef[] {
    const refs: PodRef[] = [];
    for (const uid of uids) {
      const ref = this.podByUid(uid, reads);
      if (ref !== undefined) refs.push(ref);
    }
    return refs.sort((a, b) => (a.startedAt === b.startedAt ? (a.uid < b.uid ? -1 : 1) : b.startedAt - a.startedAt));
  }

  private touchWorkloadsOf(podUid: string): void {
    const pod = this.pods.get(podUid);
    if (pod !== undefined) pod.ref = null;
    this.stamps.touch('pod', podUid);
  }

  private unlinkNames(row: PodRow): void {
    this.byName.unlink(nameKey(row.namespace, row.name), row.uid);
    this.byBareName.unlink(row.name, row.uid);
  }
}

/** Kubernetes names cannot hold a slash, so the pair stays unambiguous. */
function nameKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

function touchPod(row: PodRow, touched: Touched): void {
  touched.touch('pod', row.uid);
  touched.touch('pod-name', nameKey(row.namespace, row.name));
  touched.touch('bare-name', row.name);
}

function toRef(row: PodRow, workloads: readonly WorkloadRef[]): PodRef {
  return {
    uid: row.uid,
    name: row.name,
    namespace: row.namespace,
    nodeName: row.nodeName,
    podIp: row.podIp,
    startedAt: row.startedAt ?? -Infinity,
    endedAt: row.endedAt ?? Infinity,
    workloads,
  };
}

function samePod(a: PodRow, b: PodRow): boolean {
  return (
    a.uid === b.uid &&
    a.name === b.name &&
    a.namespace === b.namespace &&
    a.nodeName === b.nodeName &&
    a.podIp === b.podIp &&
    a.startedAt === b.startedAt &&
    a.endedAt === b.endedAt &&
    a.ownersKnown === b.ownersKnown
  );
}

function sameWorkload(a: WorkloadRef, b: WorkloadRef): boolean {
  return a.uid === b.uid && a.name === b.name && a.namespace === b.namespace && a.kind === b.kind;
}
