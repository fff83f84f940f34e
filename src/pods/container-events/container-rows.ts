import type { ContainerEventSource, ContainerPhase } from '../core/container-event.js';
import type { Container, Holding } from '../core/container-record.js';
import type { DeviceKind } from '../core/inventory-rows.js';

/** A row of `containers`, times in ms. */
export interface ContainerRow {
  id: string;
  runtime: ContainerEventSource | null;
  node_name: string | null;
  pod_uid: string | null;
  pod_name: string | null;
  pod_namespace: string | null;
  name: string | null;
  status: string | null;
  phase: ContainerPhase | null;
  created_at: number | null;
  started_at: number | null;
  exit_code: number | null;
  exited_at: number | null;
  oom_killed: boolean;
  last_event_at: number | null;
}

/** An open row of `device_bindings`, times in ms. */
export interface OpenBindingRow {
  id: string;
  container_id: string;
  kind: DeviceKind;
  key: string;
  name: string | null;
  uuid: string | null;
  serial: string | null;
  path: string | null;
  slot: string | null;
  bound_at: number | null;
}

export function toContainer(row: ContainerRow): Container {
  return {
    id: row.id,
    runtime: row.runtime,
    node: row.node_name,
    pod:
      row.pod_uid === null ? null : { uid: row.pod_uid, name: row.pod_name ?? '', namespace: row.pod_namespace ?? '' },
    name: row.name,
    status: row.status,
    phase: row.phase,
    createdAt: row.created_at,
    startedAt: row.started_at,
    exitCode: row.exit_code,
    exitedAt: row.exited_at,
    oomKilled: row.oom_killed,
    lastEventAt: row.last_event_at,
  };
}

export function toContainerRow(container: Container): ContainerRow {
  return {
    id: container.id,
    runtime: container.runtime,
    node_name: container.node,
    pod_uid: container.pod?.uid ?? null,
    pod_name: container.pod?.name ?? null,
    pod_namespace: container.pod?.namespace ?? null,
    name: container.name,
    status: container.status,
    phase: container.phase,
    created_at: container.createdAt,
    started_at: container.startedAt,
    exit_code: container.exitCode,
    exited_at: container.exitedAt,
    oom_killed: container.oomKilled,
    last_event_at: container.lastEventAt,
  };
}

export function toHolding({ id, bound_at, kind, key, name, uuid, serial, path, slot }: OpenBindingRow): Holding {
  return { id, device: { kind, key, name, uuid, serial, path, slot }, boundAt: bound_at, releasedAt: null };
}
