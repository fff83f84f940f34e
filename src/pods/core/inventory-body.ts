import { isHostName, isIpAddress } from '../../common/network-address.js';
import { BodyCheck, at, type JsonObject } from './body-check.js';
import { deviceKey, deviceKind, DEVICE_KINDS, type Device } from './device.js';

/** As Kubernetes has them. (core/v1, PodPhase) */
const PHASES: readonly string[] = ['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'];

/** A pod that has ended holds no devices. */
const COMPLETED: ReadonlySet<string> = new Set(['Succeeded', 'Failed']);

/** How far a sender's clock may be ahead of ours, ms. */
const CLOCK_SKEW = 300_000;

export interface NodeFacts {
  name: string;
  addresses: string[];
  status: string | null;
}

export interface WorkloadFacts {
  uid: string;
  name: string;
  namespace: string;
  kind: string;
  api_group: string | null;
  status: string | null;
}

/** Times are ms since the epoch, null when unknown. */
export interface PodFacts {
  uid: string;
  name: string;
  namespace: string;
  node_name: string | null;
  phase: string | null;
  pod_ip: string | null;
  host_network: boolean | null;
  started_at: number | null;
  completed: boolean;
}

export interface ReferenceFacts {
  pod_uid: string;
  workload_uid: string;
  /** Where the body says so. */
  path: string;
}

export interface DeviceFacts extends Device {
  node_name: string;
  pod_uid: string;
  since: number | null;
}

/** The whole of what a bulk body says, in rows. Field names are the tables' columns. */
export interface InventoryBody {
  nodes: NodeFacts[];
  workloads: WorkloadFacts[];
  pods: PodFacts[];
  references: ReferenceFacts[];
  devices: DeviceFacts[];
}

const LISTS = ['nodes', 'workloads', 'pods'];

/** A list that is left out or misspelt would empty the inventory, so it is not taken for an empty one without another look. */
function checkLists(root: JsonObject, check: BodyCheck): void {
  const names = Object.keys(root);
  for (const name of names) {
    if (!LISTS.includes(name)) check.fail(name, `is not one of ${LISTS.join(', ')}`);
    else if (root[name] === null) check.fail(name, 'must be an array', null);
  }
  if (names.length === 0)
    check.fail('body', `must hold at least one of ${LISTS.join(', ')}; an empty array empties it`);
}

/**
 * Reads the body of `PUT /v1/pods/inventory`. Look at `check.problems` before using the result. Yields after each object, so
 * that a large body can be read in slices.
 */
export function* readInventoryBody(body: unknown, now: number, check: BodyCheck): Generator<void, InventoryBody> {
  const result: InventoryBody = { nodes: [], workloads: [], pods: [], references: [], devices: [] };
  const root = check.object(body, 'body');
  if (root === undefined) return result;
  checkLists(root, check);
  const nodes = new Map<string, NodeFacts>();
  yield* each(root, 'nodes', check, (value, path) => {
    readNode(value, path, check, nodes);
  });
  const workloads = new Set<string>();
  yield* each(root, 'workloads', check, (value, path) => {
    const workload = readWorkload(value, path, check);
    if (unique(workloads, workload.uid, at(path, 'uid'), check)) result.workloads.push(workload);
  });
  const pods = new Set<string>();
  yield* each(root, 'pods', check, (value, path) => {
    const pod = readPod(value, path, check);
    if (!unique(pods, pod.uid, at(path, 'uid'), check)) return;
    result.pods.push(pod);
    // A node that only pods name is a node all the same.
    if (pod.node_name !== null && !nodes.has(pod.node_name)) {
      nodes.set(pod.node_name, { name: pod.node_name, addresses: [], status: null });
    }
    readReferences(value, path, pod, check, result.references);
    readDevices(value, path, { pod, now }, check, result.devices);
  });
  result.nodes = [...nodes.values()];
  return result;
}

function* each(
  root: JsonObject,
  name: string,
  check: BodyCheck,
  read: (value: JsonObject, path: string) => void,
): Generator<void> {
  const values = check.list(root, name, '');
  for (let i = 0; i < values.length && !check.isFull; i++) {
    const path = `${name}[${i}]`;
    const value = check.object(values[i], path);
    if (value !== undefined) read(value, path);
    yield;
  }
}

function readNode(value: JsonObject, path: string, check: BodyCheck, nodes: Map<string, NodeFacts>): void {
  const name = check.name(value, 'name', path);
  const addresses = check
    .list(value, 'addresses', path)
    .map((address, i) => nodeAddress(check.item(address, `${path}.addresses[${i}]`), `${path}.addresses[${i}]`, check))
    .filter((address) => address !== null);
  const address = nodeAddress(check.text(value, 'address', path), at(path, 'address'), check);
  const all = address === null ? addresses : [address, ...addresses];
  if (nodes.has(name)) check.fail(at(path, 'name'), 'stands in the list twice', name);
  nodes.set(name, { name, addresses: [...new Set(all)], status: check.text(value, 'status', path) });
}

/** Kubernetes lists host names among a node's addresses, and exporters may name it so. (core/v1, NodeAddress) */
function nodeAddress(address: string | null, path: string, check: BodyCheck): string | null {
  if (address !== null && !isIpAddress(address) && !isHostName(address)) {
    check.fail(path, 'must be an IP address or a host name, without port', address);
  }
  return address;
}

function readWorkload(value: JsonObject, path: string, check: BodyCheck): WorkloadFacts {
  return {
    uid: check.name(value, 'uid', path),
    name: check.name(value, 'name', path),
    namespace: check.text(value, 'namespace', path) ?? '',
    kind: check.text(value, 'kind', path) ?? '',
    api_group: check.text(value, 'api_group', path),
    status: check.text(value, 'status', path),
  };
}

function readPod(value: JsonObject, path: string, check: BodyCheck): PodFacts {
  const phase = check.text(value, 'phase', path);
  if (phase !== null && !PHASES.includes(phase)) {
    check.fail(at(path, 'phase'), 'is not a phase of pods', phase, PHASES.join(', '));
  }
  const ip = check.text(value, 'pod_ip', path);
  if (ip !== null && !isIpAddress(ip)) check.fail(at(path, 'pod_ip'), 'must be an IP address', ip);
  return {
    uid: check.name(value, 'uid', path),
    name: check.name(value, 'name', path),
    namespace: check.name(value, 'namespace', path),
    node_name: check.text(value, 'node_name', path),
    phase,
    pod_ip: ip,
    host_network: check.flag(value, 'host_network', path),
    started_at: check.instant(value, 'started_at', path),
    completed: phase !== null && COMPLETED.has(phase),
  };
}

function readReferences(
  value: JsonObject,
  path: string,
  pod: PodFacts,
  check: BodyCheck,
  references: ReferenceFacts[],
): void {
  const uids = check.list(value, 'workload_uids', path);
  for (const [i, uid] of uids.entries()) {
    const here = `${path}.workload_uids[${i}]`;
    const workload = check.item(uid, here);
    if (workload !== null && uids.indexOf(uid) === i) {
      references.push({ pod_uid: pod.uid, workload_uid: workload, path: here });
    }
  }
}

function readDevices(
  value: JsonObject,
  path: string,
  { pod, now }: { pod: PodFacts; now: number },
  check: BodyCheck,
  devices: DeviceFacts[],
): void {
  const list = check.list(value, 'devices', path);
  if (list.length > 0 && pod.node_name === null) check.fail(at(path, 'node_name'), 'is required of a pod with devices');
  const listed = new Set<string>();
  const seen = new Set<string>();
  for (const [i, item] of list.entries()) {
    const here = `${path}.devices[${i}]`;
    const fields = check.object(item, here);
    const device = fields === undefined ? undefined : readDevice(fields, here, check);
    if (fields === undefined || device === undefined) continue;
    const since = check.instant(fields, 'since', here);
    if (since !== null && since > now + CLOCK_SKEW)
      check.fail(at(here, 'since'), 'lies in the future', fields['since']);
    const identity = `${device.kind === 'infiniband' ? 'rdma' : device.kind}/${device.key}`;
    // An RDMA device may be listed as InfiniBand too; twice under one type is a mistake.
    unique(listed, `${device.kind}/${device.key}`, here, check);
    if (pod.completed || seen.has(identity)) continue;
    seen.add(identity);
    devices.push({
      ...device,
      node_name: pod.node_name ?? '',
      pod_uid: pod.uid,
      since: since === null ? null : Math.min(since, now),
    });
  }
}

function readDevice(fields: JsonObject, path: string, check: BodyCheck): Device | undefined {
  const kind = deviceKind(fields['type']);
  if (kind === undefined) {
    check.fail(at(path, 'type'), 'is not a type of device', fields['type'], Object.keys(DEVICE_KINDS).join(', '));
    return undefined;
  }
  const name = check.text(fields, 'name', path);
  const number = fields['no'] === undefined ? null : check.integer(fields, 'no', path);
  const key = deviceKey(kind, number, name);
  if (key === null) {
    const message =
      kind === 'gpu' ? 'a GPU needs its number, or a name that ends in it' : 'a device of this type needs a name';
    check.fail(at(path, kind === 'gpu' ? 'no' : 'name'), message, number ?? name ?? undefined);
    return undefined;
  }
  return {
    kind,
    key,
    name,
    uuid: check.text(fields, 'uuid', path),
    serial: check.text(fields, 'serial', path),
    path: check.text(fields, 'path', path),
    slot: check.text(fields, 'slot', path),
  };
}

function unique(seen: Set<string>, uid: string, path: string, check: BodyCheck): boolean {
  if (uid === '') return false;
  if (seen.has(uid)) {
    check.fail(path, 'stands in the list twice', uid);
    return false;
  }
  seen.add(uid);
  return true;
}
