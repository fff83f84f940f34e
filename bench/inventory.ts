/**
 * npm run bench:inventory: the inventory watches a cluster of 100,000 pods and 5,000 nodes, 40,000 GPUs of which are held.
 *
 * The built service with its embedded PostgreSQL, and an API server that stands in for Kubernetes as a process of its own.
 * First whether what is kept is right, then: time from a cold start until all is synced, memory, how long the cache takes to
 * refresh, event-loop delay while pods change and series are enriched at full speed, and what one change costs in a cluster of
 * a tenth of the size.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { snappyCompress } from '../src/wire/snappy.js';
import { ServedStandIn } from '../test/support/kubernetes/served-stand-in.js';
import { nodeName } from '../test/support/kubernetes/seed.js';
import { Child } from './support/processes.js';
import { type Metrics, WatchingService } from './support/watching-service.js';
import { requests } from './support/workload.js';

const SIZES = (process.env.BENCH_PODS ?? '10000,100000').split(',').map(Number);
const PODS_PER_NODE = 20;
const GPUS_PER_NODE = 8;
const CHANGES_PER_MINUTE = 5_000;
/** How long each state is watched, ms. */
const SPAN = Number(process.env.BENCH_SECONDS ?? 60) * 1_000;
const QUIET = SPAN / 3;
const SERIES_PER_GPU = 1;
const PER_REQUEST = 2_000;
const CONNECTIONS = 4;
const EVENTS_PER_BATCH = 1_000;

interface Pod {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly node_name: string | null;
  readonly phase: string | null;
  readonly workloads: readonly { readonly name: string; readonly kind: string; readonly root: boolean }[];
}

interface Cost {
  readonly service: number;
  readonly database: number;
}

const WORKLOAD_KINDS: Readonly<Record<string, string>> = {
  pytorchjob: 'PyTorchJob',
  deployment: 'Deployment',
  job: 'Job',
};

const costs = new Map<number, Cost>();
for (const pods of SIZES) costs.set(pods, await measure(pods));
const [small, large] = [costs.get(Math.min(...SIZES)), costs.get(Math.max(...SIZES))];
if (small !== undefined && large !== undefined && small !== large) {
  const ratio = (large.service + large.database) / (small.service + small.database);
  console.log(`cost per change, large cluster to small one: ${ratio.toFixed(2)} (goal: about 1)`);
}

async function measure(pods: number): Promise<Cost> {
  const nodes = Math.ceil(pods / PODS_PER_NODE);
  console.log(`${pods} pods, ${nodes} nodes, ${nodes * GPUS_PER_NODE} GPUs`);
  const directory = mkdtempSync(join(tmpdir(), 'bench-inventory-'));
  const sink = Child.start(process.execPath, [join(import.meta.dirname, 'support', 'sink.mjs')]);
  const cluster = await ServedStandIn.start('--nodes', String(nodes), '--pods', String(pods));
  const kubeconfig = join(directory, 'kubeconfig');
  writeFileSync(kubeconfig, cluster.kubeconfig);
  const env = {
    STORAGE_REMOTE_WRITE_URL: `http://127.0.0.1:${await sink.firstLine()}/api/v1/write`,
    KUBERNETES_MODE: 'kubeconfig',
    KUBECONFIG: kubeconfig,
  };
  const dataDir = join(directory, 'data');
  try {
    const idle = await measureIdle(dataDir, { ...env, KUBERNETES_MODE: 'off' });
    const cost = await measureWatch(cluster, dataDir, env, { pods, nodes, idle });
    await measureReload(dataDir, env);
    return cost;
  } finally {
    await cluster.end();
    await sink.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Memory (MiB) of the service before it knows of any pod. It also makes the database, which no later start pays for. */
async function measureIdle(dataDir: string, env: Record<string, string>): Promise<number> {
  const service = await WatchingService.start(dataDir, env);
  await service.until(async () => (await fetch(`${service.url}/health/ready`)).ok);
  await sleep(5_000);
  const { memory } = service;
  await service.stop();
  return memory;
}

async function measureWatch(
  cluster: ServedStandIn,
  dataDir: string,
  env: Record<string, string>,
  { pods, nodes, idle }: { pods: number; nodes: number; idle: number },
): Promise<Cost> {
  const start = performance.now();
  const service = await WatchingService.start(dataDir, env);
  const show = (state: string, metrics: Metrics): void => {
    const heap = metrics.sum('nodejs_heap_size_used_bytes') / 2 ** 20;
    const { memory } = service;
    console.log(
      `  ${state}: RSS ${memory.toFixed(0)} MiB (${(memory - idle).toFixed(0)} above idle ${idle.toFixed(0)}), heap used ${heap.toFixed(0)} MiB, ` +
        `event-loop delay p99 ${toMs(metrics.sum('eventloop_lag_p99_seconds'))} ms, longest ${toMs(metrics.sum('eventloop_lag_max_seconds'))} ms`,
    );
  };
  const showNow = async (state: string): Promise<Metrics> => {
    const metrics = await service.metrics();
    show(state, metrics);
    return metrics;
  };
  try {
    await service.until(async () => (await service.json<{ synced: boolean }>('/v1/pods/sync')).synced);
    console.log(
      `  cold start to synced: ${seconds(performance.now() - start)} s, ` +
        `CPU ${service.cpu.toFixed(1)} s, of PostgreSQL ${service.databaseCpu.toFixed(1)} s`,
    );
    await showNow('just synced');
    await bindDevices(service, await checkPods(service, pods), nodes);
    await sleep(QUIET);
    const quiet = await showNow('devices bound, all pages of pods read');
    const [serviceCpu, databaseCpu] = [service.cpu, service.databaseCpu];
    await sleep(QUIET);
    const perMs = {
      service: (service.cpu - serviceCpu) / QUIET,
      database: (service.databaseCpu - databaseCpu) / QUIET,
    };
    const still = await showNow('nothing changes');
    showRefreshes('nothing changes', quiet, still);
    const { cost, after: changed } = await measureChanges(service, cluster, perMs);
    show(`${CHANGES_PER_MINUTE} changes a minute`, changed);
    showRefreshes('while pods change', still, changed);
    await enrichWhile(service, nodes, async () => {
      await showNow('series seen for the first time');
      const { after } = await measureChanges(service, cluster, { service: 0, database: 0 });
      show('the same, enriching', after);
      showRefreshes('while pods change and series are enriched', changed, after);
    });
    return cost;
  } finally {
    await service.stop();
  }
}

/** CPU seconds per 1,000 changes, above what the service takes when nothing changes (CPU seconds per ms). */
async function measureChanges(
  service: WatchingService,
  cluster: ServedStandIn,
  quiet: Cost,
): Promise<{ cost: Cost; after: Metrics }> {
  const [before, start] = [await service.metrics(), performance.now()];
  const [serviceCpu, databaseCpu] = [service.cpu, service.databaseCpu];
  await cluster.command('churn', { ratePerMinute: CHANGES_PER_MINUTE });
  await sleep(SPAN);
  const [used, databaseUsed] = [service.cpu - serviceCpu, service.databaseCpu - databaseCpu];
  const span = performance.now() - start;
  await cluster.command('stop-churn');
  const after = await service.metrics();
  const changes = after.sum('kubernetes_changes_total') - before.sum('kubernetes_changes_total');
  const cost = {
    service: ((used - quiet.service * span) / changes) * 1_000,
    database: ((databaseUsed - quiet.database * span) / changes) * 1_000,
  };
  console.log(
    `  ${changes} changes written in ${seconds(span)} s: CPU s per 1,000 ${cost.service.toFixed(3)}, of PostgreSQL ${cost.database.toFixed(3)}`,
  );
  return { cost, after };
}

/** Starts on the inventory of before, and loads the cache anew all the time. */
async function measureReload(dataDir: string, env: Record<string, string>): Promise<void> {
  const start = performance.now();
  const service = await WatchingService.start(dataDir, {
    ...env,
    CACHE_RELOAD_INTERVAL: '3s',
    CACHE_REFRESH_INTERVAL: '3s',
  });
  try {
    await service.until(async () => (await fetch(`${service.url}/health/ready`)).ok);
    console.log(`  start on a full inventory to ready: ${seconds(performance.now() - start)} s`);
    await service.until(async () => (await service.json<{ synced: boolean }>('/v1/pods/sync')).synced);
    console.log(`  … to synced: ${seconds(performance.now() - start)} s`);
    await sleep(5_000);
    const before = await service.metrics();
    await sleep(QUIET);
    const after = await service.metrics();
    showRefreshes('reloading', before, after);
    console.log(
      `  reloading: event-loop delay p99 ${toMs(after.sum('eventloop_lag_p99_seconds'))} ms, longest ${toMs(after.sum('eventloop_lag_max_seconds'))} ms, RSS ${service.memory.toFixed(0)} MiB`,
    );
  } finally {
    await service.stop();
  }
}

function showRefreshes(state: string, before: Metrics, after: Metrics): void {
  for (const mode of ['changes', 'full']) {
    const of = (part: string): number => {
      const name = `cache_refresh_duration_seconds_${part}`;
      return after.sum(name, `mode="${mode}"`) - before.sum(name, `mode="${mode}"`);
    };
    const count = of('count');
    if (count === 0) continue;
    console.log(`  refresh of the cache (${mode}), ${state}: ${count} times, ${toMs(of('sum') / count)} ms on average`);
  }
}

/** Reads all pages of pods. Throws unless every pod is there once and belongs to the workload that its name tells. */
async function checkPods(service: WatchingService, expected: number): Promise<readonly Pod[]> {
  const all = new Map<string, Pod>();
  let cursor: string | null = null;
  do {
    const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page = await service.json<{ items: Pod[]; next_cursor: string | null }>(
      `/v1/pods?state=all&limit=1000${query}`,
    );
    for (const pod of page.items) {
      if (all.has(pod.uid)) throw new Error(`pod ${pod.uid} comes twice`);
      all.set(pod.uid, pod);
    }
    cursor = page.next_cursor;
  } while (cursor !== null);
  if (all.size !== expected) throw new Error(`${all.size} pods instead of ${expected}`);
  for (const pod of all.values()) {
    const [name, kind] = /^([a-z]+)-\d+/.exec(pod.name) ?? [];
    const root = pod.workloads.at(-1);
    if (root === undefined || root.name !== name || root.kind !== WORKLOAD_KINDS[kind ?? ''] || !root.root) {
      throw new Error(`wrong owners: ${JSON.stringify(pod)}`);
    }
  }
  console.log(`  all ${all.size} pods are there, each with its workload`);
  return [...all.values()];
}

/** Has one training pod on each node hold all its GPUs, as an agent on the node reports it. */
async function bindDevices(service: WatchingService, pods: readonly Pod[], nodes: number): Promise<void> {
  const holders = new Map<string, Pod>();
  for (const pod of pods) {
    if (pod.phase === 'Running' && pod.node_name !== null) holders.set(pod.node_name, pod);
  }
  const events = [...holders].map(([node, pod], index) => snapshot(node, pod, index));
  const start = performance.now();
  for (let from = 0; from < events.length; from += EVENTS_PER_BATCH) {
    const response = await fetch(`${service.url}/v1/container-events/batch`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ events: events.slice(from, from + EVENTS_PER_BATCH) }),
    });
    if (response.status >= 300 || response.status === 206) throw new Error(await response.text());
  }
  console.log(
    `  ${events.length} container events with ${GPUS_PER_NODE} GPUs each: ${seconds(performance.now() - start)} s`,
  );
  const expected = nodes * GPUS_PER_NODE;
  await service.until(async () => (await service.metrics()).sum('cache_entries', 'kind="bindings"') === expected);
}

function snapshot(node: string, pod: Pod, index: number): object {
  const number = (device: number): string => `69${String(index).padStart(5, '0')}${device}`;
  return {
    type: 'snapshot',
    source: 'k8s',
    node,
    container_id: `containerd://${pod.uid}`,
    timestamp: new Date().toISOString(),
    data: {
      pod_name: pod.name,
      pod_namespace: pod.namespace,
      pod_uuid: pod.uid,
      status: 'running',
      devices: {
        gpu: Array.from({ length: GPUS_PER_NODE }, (_, device) => ({
          name: `card${device}`,
          id: device,
          serial: number(device),
        })),
      },
    },
  };
}

/** Sends series of all GPUs as fast as they are taken until `work` is done. */
async function enrichWhile(service: WatchingService, nodes: number, work: () => Promise<void>): Promise<void> {
  const distinct = nodes * GPUS_PER_NODE * SERIES_PER_GPU;
  const bodies = requests(distinct, PER_REQUEST, Date.now(), 0, { count: nodes, name: nodeName }).map((body) =>
    Buffer.from(snappyCompress(body)),
  );
  const pool = new Pool(service.url, { connections: CONNECTIONS });
  let [sent, next] = [0, 0];
  let isDone = false;
  const send = async (): Promise<void> => {
    while (!isDone) {
      const { statusCode, body } = await pool.request({
        method: 'POST',
        path: '/v1/prometheus/api/v1/write',
        headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' },
        body: bodies[next++ % bodies.length] ?? null,
      });
      if (statusCode !== 204) throw new Error(`answers ${statusCode}: ${await body.text()}`);
      await body.dump();
      sent += PER_REQUEST;
    }
  };
  const sending = Promise.all(Array.from({ length: CONNECTIONS }, send));
  sending.catch(() => undefined);
  while (sent < distinct) await Promise.race([sleep(50), sending]);
  const [already, start] = [sent, performance.now()];
  await work();
  const span = performance.now() - start;
  isDone = true;
  await sending;
  const emitted = (await service.metrics()).sum('emitted_series_total');
  console.log(
    `  enriched ${((sent - already) / span / 1_000).toFixed(2)} M samples a second, ${emitted} of ${sent} in all`,
  );
  await pool.destroy();
}

function toMs(s: number): string {
  return (s * 1_000).toFixed(0);
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1);
}
