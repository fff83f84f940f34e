import type { ContainerEvent, ContainerEventSource, ContainerPhase, EventPod } from './container-event.js';
import type { Device } from './device.js';
import { deviceClass } from './inventory-rows.js';

/** A container as the inventory knows it. Times are ms since the epoch, null when unknown. */
export interface Container {
  id: string;
  runtime: ContainerEventSource | null;
  node: string | null;
  pod: EventPod | null;
  name: string | null;
  status: string | null;
  /** Null before the first event. */
  phase: ContainerPhase | null;
  createdAt: number | null;
  startedAt: number | null;
  exitCode: number | null;
  exitedAt: number | null;
  oomKilled: boolean;
  lastEventAt: number | null;
}

/** A span over which the container holds a device. */
export interface Holding {
  /** Of its row; null before it is stored. */
  id: string | null;
  device: Device;
  boundAt: number | null;
  releasedAt: number | null;
}

/** What became of an event. */
export type EventOutcome = 'applied' | 'repeated' | 'stale';

const RANK: Readonly<Record<ContainerPhase, number>> = { created: 0, running: 1, exited: 2, deleted: 3 };

/**
 * A container with the devices it holds, brought forward by events. Events may arrive again and in any order: what is older
 * than what is known changes nothing.
 */
export class ContainerRecord {
  readonly holdings: Holding[];
  container: Container;

  constructor(
    readonly stored: Container,
    holdings: readonly Holding[],
  ) {
    this.container = { ...stored };
    this.holdings = holdings.map((holding) => ({ ...holding }));
  }

  /** Whether the container is there and may hold devices. */
  get isLive(): boolean {
    return this.container.phase === 'created' || this.container.phase === 'running';
  }

  get isChanged(): boolean {
    const fields = Object.keys(this.stored) as (keyof Container)[];
    return fields.some((field) => field !== 'pod' && this.stored[field] !== this.container[field]) || this.podIsNew;
  }

  /** Whether the container's pod became known. */
  get podIsNew(): boolean {
    return this.stored.pod?.uid !== this.container.pod?.uid;
  }

  /** Whether it has become known that the container ended for want of memory; an out-of-memory child it outlived is no such end. */
  get wasKilledForMemory(): boolean {
    return isOutOfMemoryEnd(this.container) && (!isOutOfMemoryEnd(this.stored) || this.podIsNew);
  }

  apply(event: ContainerEvent, now: number): EventOutcome {
    const before = { ...this.container };
    this.learn(event);
    const restarts = this.isRestart(event, before);
    if (before.phase !== null && !restarts && this.isStale(event, before)) return 'stale';
    this.move(event, before, restarts, now);
    const moved = this.holdDevices(event, before, now);
    return moved || !same(before, this.container) ? 'applied' : 'repeated';
  }

  /** What an event says for the first time is never outdated. */
  private learn(event: ContainerEvent): void {
    const { container } = this;
    container.runtime ??= event.source;
    container.node ??= event.node;
    container.pod ??= event.pod;
    container.name ??= event.name;
    container.createdAt ??= event.createdAt;
  }

  /** A container that Docker starts again keeps its id; Kubernetes makes a new one. */
  private isRestart(event: ContainerEvent, before: Container): boolean {
    if (event.source !== 'docker' || before.phase !== 'exited' || event.phase !== 'running') return false;
    const start = event.startedAt ?? event.at;
    return start !== null && start > (before.exitedAt ?? before.lastEventAt ?? Infinity);
  }

  private isStale(event: ContainerEvent, before: Container): boolean {
    const rank = before.phase === null ? -1 : RANK[before.phase];
    const next = event.phase === null ? rank : RANK[event.phase];
    if (next < rank) return true;
    const older = event.at !== null && before.lastEventAt !== null && event.at < before.lastEventAt;
    if (next === rank) return older;
    // An end is believed whatever the clocks say, unless it is the end of an earlier run of the container.
    if (next >= RANK.exited) return event.at !== null && before.startedAt !== null && event.at < before.startedAt;
    return older;
  }

  private move(event: ContainerEvent, before: Container, restarts: boolean, now: number): void {
    const { container } = this;
    container.phase = event.phase ?? before.phase ?? 'running';
    container.status =
      event.status ?? (event.phase === null || event.phase === before.phase ? before.status : event.phase);
    if (event.at !== null) container.lastEventAt = Math.max(event.at, before.lastEventAt ?? event.at);
    if (restarts) Object.assign(container, { exitedAt: null, exitCode: null, oomKilled: false });
    if (event.startedAt !== null) container.startedAt = event.startedAt;
    if (event.oomKilled) container.oomKilled = true;
    if (this.isLive) return;
    container.exitCode ??= event.exitCode;
    container.exitedAt ??= event.exitedAt ?? event.at ?? now;
  }

  private holdDevices(event: ContainerEvent, before: Container, now: number): boolean {
    if (!this.isLive) return this.release(() => true, this.container.exitedAt ?? now);
    const released = event.authoritative && this.release((held) => !event.devices.some(isSame(held)), event.at ?? now);
    let bound = false;
    for (const device of event.devices) bound = this.hold(device, this.boundAt(event, before, now)) || bound;
    return released || bound;
  }

  /** A container seen for the first time has held its devices since it was made; later ones come when they are told of. */
  private boundAt(event: ContainerEvent, before: Container, now: number): number | null {
    if (before.phase === null) return this.container.createdAt ?? event.startedAt ?? event.at;
    return event.startedAt !== null && event.startedAt !== before.startedAt ? event.startedAt : (event.at ?? now);
  }

  private hold(device: Device, boundAt: number | null): boolean {
    if (this.holdings.some((held) => held.releasedAt === null && isSame(held.device)(device))) return false;
    this.holdings.push({ id: null, device, boundAt, releasedAt: null });
    return true;
  }

  private release(which: (device: Device) => boolean, releasedAt: number): boolean {
    const open = this.holdings.filter((held) => held.releasedAt === null && which(held.device));
    for (const held of open) held.releasedAt = Math.max(releasedAt, held.boundAt ?? releasedAt);
    return open.length > 0;
  }
}

function isSame(a: Device): (b: Device) => boolean {
  return (b) => deviceClass(a.kind) === deviceClass(b.kind) && a.key === b.key;
}

function same(a: Container, b: Container): boolean {
  return (Object.keys(a) as (keyof Container)[]).every((field) => a[field] === b[field]);
}

function isOutOfMemoryEnd({ phase, oomKilled, exitCode }: Container): boolean {
  return (phase === 'exited' || phase === 'deleted') && oomKilled && exitCode !== 0;
}
