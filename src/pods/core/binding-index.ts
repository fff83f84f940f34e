import { deviceClass, type DeviceBindingRow, type DeviceClass } from './inventory-rows.js';
import type { DeviceHolding } from './inventory-view.js';
import type { PodIndex } from './pod-index.js';
import type { StampReads, Touched } from './stamps.js';

/** Finds who held a device when. */
export class BindingIndex {
  private readonly rows = new Map<string, DeviceBindingRow>();
  private readonly byDevice = new Map<string, DeviceBindingRow[]>();
  private readonly byUuid = new Map<string, DeviceBindingRow[]>();
  private readonly countOnNode = new Map<string, number>();
  /** Without learned ones: those must not decide whom labels are believed about, or a mistake would keep itself alive. */
  private readonly vouchedOnNode = new Map<string, number>();
  private readonly vouchedOfPod = new Map<string, number>();

  constructor(
    private readonly stamps: Touched,
    private readonly pods: PodIndex,
  ) {}

  get size(): number {
    return this.rows.size;
  }

  upsert(row: DeviceBindingRow): void {
    const old = this.rows.get(row.id);
    if (old !== undefined) {
      if (sameBinding(old, row)) return;
      this.remove(old);
    }
    if (!row.withdrawn) this.insert(row);
  }

  prune(before: number): void {
    for (const row of this.rows.values()) {
      if (row.releasedAt !== null && row.releasedAt < before) this.remove(row);
    }
  }

  hasDevices(node: string, kind: DeviceClass, reads: StampReads): boolean {
    return counted(this.countOnNode, deviceKey(node, kind, ''), reads);
  }

  hasVouchedDevices(node: string, kind: DeviceClass, reads: StampReads): boolean {
    return counted(this.vouchedOnNode, deviceKey(node, kind, ''), reads);
  }

  holdings(node: string, kind: DeviceClass, key: string, reads: StampReads): readonly DeviceHolding[] {
    return this.lookUp(this.byDevice, deviceKey(node, kind, key), reads);
  }

  holdingsByUuid(node: string, kind: DeviceClass, uuid: string, reads: StampReads): readonly DeviceHolding[] {
    return this.lookUp(this.byUuid, uuidKey(node, kind, uuid), reads);
  }

  ownsDevice(podUid: string, reads: StampReads): boolean {
    reads.read('owns', podUid);
    return (this.vouchedOfPod.get(podUid) ?? 0) > 0;
  }

  /** Bindings in force at a time; those of one device together, latest start first. */
  *heldAt(now: number): Generator<DeviceBindingRow> {
    for (const rows of this.byDevice.values()) {
      for (const row of rows) {
        if ((row.boundAt ?? -Infinity) <= now && now < (row.releasedAt ?? Infinity)) yield row;
      }
    }
  }

  /** Tells what this index answers otherwise than the other; called both ways. Yields after each row. */
  *differences(other: BindingIndex, touched: Touched): Generator<void> {
    for (const [id, row] of this.rows) {
      const twin = other.rows.get(id);
      if (twin === undefined || !sameBinding(row, twin)) this.touch(row, touched);
      yield;
    }
  }

  private lookUp(index: Map<string, DeviceBindingRow[]>, key: string, reads: StampReads): readonly DeviceHolding[] {
    reads.read('device', key);
    return (index.get(key) ?? []).map((row) => ({
      key: row.key,
      pod: row.podUid === null ? null : (this.pods.podByUid(row.podUid, reads) ?? null),
      from: row.boundAt ?? -Infinity,
      to: row.releasedAt ?? Infinity,
      learned: row.learned,
    }));
  }

  private insert(row: DeviceBindingRow): void {
    this.rows.set(row.id, row);
    for (const [index, key] of this.keys(row)) {
      const rows = [...(index.get(key) ?? []), row];
      index.set(key, rows.sort(latestFirst));
    }
    this.count(row, 1);
    this.touch(row, this.stamps);
  }

  private remove(row: DeviceBindingRow): void {
    this.rows.delete(row.id);
    for (const [index, key] of this.keys(row)) {
      const rows = (index.get(key) ?? []).filter((other) => other.id !== row.id);
      if (rows.length > 0) index.set(key, rows);
      else index.delete(key);
    }
    this.count(row, -1);
    this.touch(row, this.stamps);
  }

  private count(row: DeviceBindingRow, by: number): void {
    const node = deviceKey(row.node, deviceClass(row.kind), '');
    bump(this.countOnNode, node, by);
    if (row.learned) return;
    bump(this.vouchedOnNode, node, by);
    if (row.podUid !== null) bump(this.vouchedOfPod, row.podUid, by);
  }

  private touch(row: DeviceBindingRow, touched: Touched): void {
    for (const [, key] of this.keys(row)) touched.touch('device', key);
    touched.touch('class', deviceKey(row.node, deviceClass(row.kind), ''));
    if (row.podUid !== null) touched.touch('owns', row.podUid);
  }

  private keys(row: DeviceBindingRow): [Map<string, DeviceBindingRow[]>, string][] {
    const kind = deviceClass(row.kind);
    const ids = new Set([row.uuid, row.serial].filter((id) => id !== null && id !== ''));
    return [
      [this.byDevice, deviceKey(row.node, kind, row.key)],
      ...[...ids].map((id): [Map<string, DeviceBindingRow[]>, string] => [
        this.byUuid,
        uuidKey(row.node, kind, id ?? ''),
      ]),
    ];
  }
}

/** Node names cannot hold a slash, so the first two parts stay unambiguous and the key may hold anything. */
function deviceKey(node: string, kind: DeviceClass, key: string): string {
  return `${node}/${kind}/${key}`;
}

function uuidKey(node: string, kind: DeviceClass, uuid: string): string {
  return `${node}/${kind}#${uuid}`;
}

function latestFirst(a: DeviceBindingRow, b: DeviceBindingRow): number {
  const difference = (b.boundAt ?? -Infinity) - (a.boundAt ?? -Infinity);
  return Number.isNaN(difference) || difference === 0 ? (a.id < b.id ? 1 : -1) : difference;
}

function counted(counts: ReadonlyMap<string, number>, key: string, reads: StampReads): boolean {
  reads.read('class', key);
  return (counts.get(key) ?? 0) > 0;
}

function bump(counts: Map<string, number>, key: string, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}

function sameBinding(a: DeviceBindingRow, b: DeviceBindingRow): boolean {
  return (
    a.node === b.node &&
    a.kind === b.kind &&
    a.key === b.key &&
    a.uuid === b.uuid &&
    a.serial === b.serial &&
    a.podUid === b.podUid &&
    a.boundAt === b.boundAt &&
    a.releasedAt === b.releasedAt &&
    a.withdrawn === b.withdrawn &&
    a.learned === b.learned
  );
}
