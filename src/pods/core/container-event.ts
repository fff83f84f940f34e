import { BodyCheck, at, type JsonObject } from './body-check.js';
import { deviceKey, deviceKind, DEVICE_KINDS, type Device } from './device.js';

export type ContainerEventSource = 'k8s' | 'docker';

/** Our reading of a container's state; it moves from left to right. */
export type ContainerPhase = 'created' | 'running' | 'exited' | 'deleted';

/** A pod as container events know it. */
export interface EventPod {
  uid: string;
  name: string;
  namespace: string;
}

/** A container event in one form for both sources. Times are ms since the epoch, null when not stated. */
export interface ContainerEvent {
  source: ContainerEventSource;
  type: string;
  /** The phase the event puts the container in; null when it says nothing about that. */
  phase: ContainerPhase | null;
  /** A snapshot says everything about its container: devices it does not list are not held. */
  authoritative: boolean;
  node: string;
  containerId: string;
  at: number | null;
  name: string | null;
  status: string | null;
  createdAt: number | null;
  startedAt: number | null;
  exitedAt: number | null;
  exitCode: number | null;
  oomKilled: boolean;
  pod: EventPod | null;
  devices: Device[];
}

/** What a type of event does to its container. A type that is not listed goes by the status in its data. */
const PHASE_OF_TYPE: Readonly<Record<string, ContainerPhase>> = {
  create: 'created',
  created: 'created',
  start: 'running',
  started: 'running',
  running: 'running',
  restart: 'running',
  restarted: 'running',
  unpause: 'running',
  unpaused: 'running',
  pause: 'running',
  paused: 'running',
  exit: 'exited',
  exited: 'exited',
  die: 'exited',
  died: 'exited',
  stop: 'exited',
  stopped: 'exited',
  delete: 'deleted',
  deleted: 'deleted',
  destroy: 'deleted',
  destroyed: 'deleted',
  remove: 'deleted',
  removed: 'deleted',
};

/** First word of a status, as containerd (`CONTAINER_RUNNING`), Docker (`Up 3 hours`) and Kubernetes write it. */
const PHASE_OF_STATUS: Readonly<Record<string, ContainerPhase>> = {
  created: 'created',
  waiting: 'created',
  running: 'running',
  up: 'running',
  paused: 'running',
  restarting: 'running',
  exited: 'exited',
  stopped: 'exited',
  dead: 'exited',
  terminated: 'exited',
};

const WORD = /^[a-z][a-z0-9_.:-]{0,63}$/;
const KUBERNETES_DEVICE_LISTS = ['gpu', 'infiniband', 'rdma', 'asic'] as const;

/** Words that metrics may be labelled with; every other type of event is `other` there. */
export const KNOWN_EVENT_TYPES: ReadonlySet<string> = new Set(['snapshot', 'oom', ...Object.keys(PHASE_OF_TYPE)]);

/** Reads one event. Look at `check.problems` before using the result. */
export function readContainerEvent(value: unknown, check: BodyCheck): ContainerEvent | undefined {
  const event = check.object(value, 'event');
  if (event === undefined) return undefined;
  const source = readSource(event, check);
  const type = readType(event, check);
  const data = event['data'] === undefined || event['data'] === null ? {} : check.object(event['data'], 'data');
  const node = check.name(event, 'node', '');
  const id = check.text(event, 'container_id', '') ?? check.text(data ?? {}, 'id', 'data');
  if (id === null) check.fail('container_id', 'is required: a non-empty string');
  if (data === undefined || id === null) return undefined;
  const times = readTimes(event, data, check);
  const status = check.text(data, 'status', 'data');
  const phase = PHASE_OF_TYPE[type] ?? phaseOfStatus(status);
  return {
    source,
    type,
    phase,
    authoritative: type === 'snapshot',
    node,
    // Docker and containerd name the same container with and without a scheme.
    containerId: id.replace(/^[a-z][a-z0-9+.-]*:\/\//, ''),
    ...times,
    at: times.at ?? (phase === 'exited' || phase === 'deleted' ? times.exitedAt : null),
    name: check.text(data, 'container_name', 'data') ?? check.text(data, 'name', 'data'),
    status,
    exitCode: check.integer(data, 'exit_code', 'data'),
    oomKilled: type === 'oom' || check.flag(data, 'oom_killed', 'data') === true,
    pod: readPod(data, check),
    devices: source === 'k8s' ? readKubernetesDevices(data, check) : readDockerDevices(data, check),
  };
}

function readSource(event: JsonObject, check: BodyCheck): ContainerEventSource {
  const source = event['source'];
  if (source === 'k8s' || source === 'kubernetes') return 'k8s';
  if (source === 'docker') return 'docker';
  check.fail('source', 'must name the source of the event', source, 'k8s, docker');
  return 'k8s';
}

function readType(event: JsonObject, check: BodyCheck): string {
  const type = check.name(event, 'type', '').toLowerCase();
  if (type !== '' && !WORD.test(type)) check.fail('type', 'must be a word', event['type'], WORD.source);
  return type;
}

function readTimes(
  event: JsonObject,
  data: JsonObject,
  check: BodyCheck,
): Pick<ContainerEvent, 'at' | 'createdAt' | 'startedAt' | 'exitedAt'> {
  return {
    at: check.instant(event, 'timestamp', '') ?? check.instant(event, 'time', ''),
    createdAt: check.instant(data, 'created_at', 'data'),
    startedAt: check.instant(data, 'start_at', 'data') ?? check.instant(data, 'started_at', 'data'),
    exitedAt: check.instant(data, 'exit_time', 'data') ?? check.instant(data, 'exited_at', 'data'),
  };
}

function readPod(data: JsonObject, check: BodyCheck): EventPod | null {
  const uid = check.text(data, 'pod_uuid', 'data') ?? check.text(data, 'pod_uid', 'data');
  const name = check.text(data, 'pod_name', 'data');
  const namespace = check.text(data, 'pod_namespace', 'data');
  return uid === null || name === null || namespace === null ? null : { uid, name, namespace };
}

function phaseOfStatus(status: string | null): ContainerPhase | null {
  const word = /^(?:container_)?([a-z]+)/.exec((status ?? '').toLowerCase())?.[1] ?? '';
  return Object.hasOwn(PHASE_OF_STATUS, word) ? (PHASE_OF_STATUS[word] ?? null) : null;
}

function readKubernetesDevices(data: JsonObject, check: BodyCheck): Device[] {
  if (data['devices'] === undefined || data['devices'] === null) return [];
  const lists = check.object(data['devices'], 'data.devices');
  if (lists === undefined) return [];
  const devices: Device[] = [];
  for (const listName of KUBERNETES_DEVICE_LISTS) {
    for (const [i, value] of check.list(lists, listName, 'data.devices').entries()) {
      const path = `data.devices.${listName}[${i}]`;
      const fields = check.object(value, path);
      if (fields === undefined) continue;
      const name = check.text(fields, 'name', path);
      push(devices, check, path, {
        kind: listName,
        key: deviceKey(listName, fields['id'], name),
        name,
        uuid: check.text(fields, 'uuid', path),
        serial: check.text(fields, 'serial', path),
        path: check.text(fields, 'path', path),
        slot: scalar(fields['slot']),
      });
    }
  }
  return devices;
}

function readDockerDevices(data: JsonObject, check: BodyCheck): Device[] {
  const devices: Device[] = [];
  for (const [i, value] of check.list(data, 'devices', 'data').entries()) {
    const path = `data.devices[${i}]`;
    const fields = check.object(value, path);
    if (fields === undefined) continue;
    const type = fields['device_type'];
    // The original's agent leaves the type of a GPU empty.
    const kind = type === undefined || type === null || type === '' ? 'gpu' : deviceKind(type);
    if (kind === undefined) {
      check.fail(at(path, 'device_type'), 'is not a type of device', type, Object.keys(DEVICE_KINDS).join(', '));
      continue;
    }
    const name = check.text(fields, 'device_name', path);
    const serial = check.text(fields, 'device_serial', path);
    const key = deviceKey(kind, fields['device_id'], name);
    push(devices, check, path, { kind, key, name, uuid: null, serial, path: null, slot: null });
  }
  return devices;
}

function push(
  devices: Device[],
  check: BodyCheck,
  path: string,
  device: Omit<Device, 'key'> & { key: string | null },
): void {
  const { key } = device;
  if (key === null) {
    check.fail(
      path,
      device.kind === 'gpu' ? 'holds no device number: neither an id nor a name that ends in one' : 'has no name',
    );
  } else if (!devices.some((other) => other.kind === device.kind && other.key === key)) {
    devices.push({ ...device, key });
  }
}

function scalar(value: unknown): string | null {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' && !value.includes('\0') ? value.slice(0, 64) : null;
}
