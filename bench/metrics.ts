/**
 * npm run bench:metrics: the metrics path beside vmagent, in the same run on the same machine.
 *
 * Workload: requests of 2,000 series, 16 labels as AMD's exporter and a scrape write them, 10,000 distinct series, one sample
 * each, snappy. We enrich (device → pod → workload) and forward; vmagent does equal label work by relabeling (rename, job,
 * six labels set) and forwards. Both to the same kind of sink. What counts is CPU time of the whole process, user and system,
 * per million samples; wall time on a shared machine says little.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'undici';
import { snappyCompress } from '../src/wire/snappy.js';
import { Child, cpuSeconds, freePort, peakMemory } from './support/processes.js';
import { inventory, requests, retime } from './support/workload.js';

const PER_REQUEST = 2_000;
const DISTINCT = 10_000;
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 4);
const REQUESTS_PER_ROUND = Number(process.env.BENCH_REQUESTS ?? 500);
const CONCURRENCY = 4;

const HEADERS = {
  'content-type': 'application/x-protobuf',
  'content-encoding': 'snappy',
  'x-prometheus-remote-write-version': '0.1.0',
};

const RELABELING = [
  ['__name__', 'workload_$1', '[__name__]'],
  ['job', 'primus-lens-telemetry-processor'],
  ['pod_name', 'llama3-70b-pretrain-worker-0'],
  ['pod_uid', '4c1d9e77-pod-0'],
  ['workload_name', 'llama3-70b-pretrain'],
  ['workload_uid', 'b7e2f0a4-workload'],
]
  .map(
    ([target, replacement, source]) =>
      `- target_label: ${target}\n  replacement: ${replacement}\n${source === undefined ? '' : `  source_labels: ${source}\n  regex: (.*)\n`}`,
  )
  .join('');

interface Contestant {
  readonly name: string;
  readonly child: Child;
  readonly sink: Sink;
  readonly pool: Pool;
  readonly path: string;
  cpu: number;
  samples: number;
}

class Sink {
  private constructor(
    readonly child: Child,
    readonly url: string,
  ) {}

  static async start(): Promise<Sink> {
    const child = Child.start(process.execPath, [join(import.meta.dirname, 'support', 'sink.mjs')]);
    return new Sink(child, `http://127.0.0.1:${await child.firstLine()}`);
  }

  async samples(): Promise<number> {
    return ((await (await fetch(this.url)).json()) as { samples: number }).samples;
  }

  async lastBody(): Promise<Buffer> {
    return Buffer.from(await (await fetch(`${this.url}/last`)).arrayBuffer());
  }
}

const directory = mkdtempSync(join(tmpdir(), 'bench-metrics-'));
const contestants: Contestant[] = [];
try {
  contestants.push(await startOurs(), await startVmagent());
  let now = 1_800_000_000_000;
  const bodies = requests(DISTINCT, PER_REQUEST, now);
  const next = (): void => {
    for (const body of bodies) retime(body, now, now + 1_000);
    now += 1_000;
  };
  for (const contestant of contestants) await check(contestant, bodies);
  // A round of each that does not count: caches fill and code is compiled.
  for (const contestant of contestants) await measure(contestant, bodies, next);
  for (const contestant of contestants) contestant.cpu = contestant.samples = 0;
  for (let round = 0; round < ROUNDS; round++) {
    for (const contestant of round % 2 === 0 ? contestants : [...contestants].reverse())
      await measure(contestant, bodies, next);
  }
  report();
} finally {
  for (const { child, sink, pool } of contestants) {
    await pool.destroy();
    await child.stop();
    await sink.child.stop();
  }
  rmSync(directory, { recursive: true, force: true });
}

async function startOurs(): Promise<Contestant> {
  const sink = await Sink.start();
  const port = await freePort();
  const child = Child.start(
    process.execPath,
    [...(process.env.BENCH_NODE_OPTIONS?.split(' ') ?? []), join(import.meta.dirname, '..', 'dist', 'src', 'main.js')],
    {
      PORT: String(port),
      DATA_DIR: join(directory, 'data'),
      STORAGE_REMOTE_WRITE_URL: `${sink.url}/api/v1/write`,
      LOG_LEVEL: 'warn',
    },
  );
  const url = `http://127.0.0.1:${port}`;
  await child.until(async () => ((await fetch(`${url}/health/ready`)).ok ? true : undefined));
  const put = await fetch(`${url}/v1/pods/inventory`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(inventory()),
  });
  if (!put.ok) throw new Error(`inventory refused: ${await put.text()}`);
  return {
    name: 'telemetry-processor',
    child,
    sink,
    pool: new Pool(url, { connections: CONCURRENCY }),
    path: '/v1/prometheus/api/v1/write',
    cpu: 0,
    samples: 0,
  };
}

async function startVmagent(): Promise<Contestant> {
  const sink = await Sink.start();
  const port = await freePort();
  const relabeling = join(directory, 'relabel.yml');
  writeFileSync(relabeling, RELABELING);
  const child = Child.start('vmagent', [
    `-httpListenAddr=127.0.0.1:${port}`,
    `-remoteWrite.url=${sink.url}/api/v1/write`,
    `-remoteWrite.relabelConfig=${relabeling}`,
    `-remoteWrite.tmpDataPath=${join(directory, 'vmagent')}`,
    '-loggerLevel=ERROR',
  ]);
  const url = `http://127.0.0.1:${port}`;
  await child.until(async () => ((await fetch(`${url}/health`)).ok ? true : undefined));
  return {
    name: 'vmagent',
    child,
    sink,
    pool: new Pool(url, { connections: CONCURRENCY }),
    path: '/api/v1/write',
    cpu: 0,
    samples: 0,
  };
}

/** Correctness first: every sample arrives, renamed and labelled with the workload. */
async function check(contestant: Contestant, bodies: readonly Buffer[]): Promise<void> {
  await send(contestant, bodies);
  await arrival(contestant, DISTINCT);
  const text = (await contestant.sink.lastBody()).toString('latin1');
  for (const expected of [
    'workload_gpu_',
    'primus-lens-telemetry-processor',
    'workload_uid',
    'b7e2f0a4-workload',
    'pod_uid',
  ]) {
    if (!text.includes(expected)) throw new Error(`${contestant.name} does not write ${expected}`);
  }
}

async function measure(contestant: Contestant, bodies: readonly Buffer[], next: () => void): Promise<void> {
  const target = (await contestant.sink.samples()) + REQUESTS_PER_ROUND * PER_REQUEST;
  const before = cpuSeconds(contestant.child.pid);
  for (let sent = 0; sent < REQUESTS_PER_ROUND; sent += bodies.length) {
    next();
    await send(contestant, bodies);
  }
  await arrival(contestant, target);
  contestant.cpu += cpuSeconds(contestant.child.pid) - before;
  contestant.samples += REQUESTS_PER_ROUND * PER_REQUEST;
}

async function send({ name, pool, path }: Contestant, bodies: readonly Buffer[]): Promise<void> {
  await Promise.all(
    bodies.map(async (body) => {
      const { statusCode, body: answer } = await pool.request({
        method: 'POST',
        path,
        headers: HEADERS,
        body: snappyCompress(body),
      });
      if (statusCode !== 204) throw new Error(`${name} answers ${statusCode}: ${await answer.text()}`);
      await answer.dump();
    }),
  );
}

/** Waits until the sink has every sample: vmagent answers before it has forwarded, and works on. */
async function arrival({ sink }: Contestant, target: number): Promise<void> {
  while ((await sink.samples()) < target) await new Promise((resolve) => setTimeout(resolve, 20));
}

function report(): void {
  const rates = contestants.map(({ name, child, cpu, samples }) => {
    const perMillion = (cpu / samples) * 1e6;
    console.log(
      `${name}: ${(samples / 1e6).toFixed(1)} M samples, ${cpu.toFixed(2)} CPU s, ${perMillion.toFixed(2)} CPU s per million, ${(samples / cpu / 1e6).toFixed(2)} M samples per CPU s, peak RSS ${peakMemory(child.pid).toFixed(0)} MiB`,
    );
    return samples / cpu;
  });
  console.log(`ratio: ${((rates[0] ?? 0) / (rates[1] ?? 1)).toFixed(2)} × vmagent's samples per CPU second (goal: 3)`);
}
