/**
 * npm run bench:metrics, second part: memory with a million distinct series, and event-loop delay under load.
 *
 * Workload: two passes over 1,000,000 distinct series of 16 labels in requests of 2,000, to our process alone, with the default
 * budget of the series cache (512 MiB) and with one that holds them all (2 GiB).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'undici';
import { snappyCompress } from '../src/wire/snappy.js';
import { Child, cpuSeconds, freePort, memory, peakMemory } from './support/processes.js';
import { inventory, requests } from './support/workload.js';

const PER_REQUEST = 2_000;
const DISTINCT = Number(process.env.BENCH_SERIES ?? 1_000_000);
const PASSES = 2;

for (const budget of ['512MiB', '2GiB']) {
  const directory = mkdtempSync(join(tmpdir(), 'bench-memory-'));
  const sink = Child.start(process.execPath, [join(import.meta.dirname, 'support', 'sink.mjs')]);
  const port = await freePort();
  const child = Child.start(process.execPath, [join(import.meta.dirname, '..', 'dist', 'src', 'main.js')], {
    PORT: String(port),
    DATA_DIR: join(directory, 'data'),
    STORAGE_REMOTE_WRITE_URL: `http://127.0.0.1:${await sink.firstLine()}/api/v1/write`,
    METRICS_SERIES_CACHE_BYTES: budget,
    LOG_LEVEL: 'warn',
  });
  const url = `http://127.0.0.1:${port}`;
  try {
    await child.until(async () => ((await fetch(`${url}/health/ready`)).ok ? true : undefined));
    await putInventory(url);
    const idle = memory(child.pid);
    const pool = new Pool(url, { connections: 2 });
    for (let pass = 0; pass < PASSES; pass++) {
      const cpu = cpuSeconds(child.pid);
      for (let from = 0; from < DISTINCT; from += PER_REQUEST) {
        const [body] = requests(PER_REQUEST, PER_REQUEST, 1_800_000_000_000 + pass * 15_000, from);
        if (body !== undefined) await post(pool, body);
      }
      const metrics = await scrape(url);
      console.log(
        `budget ${budget}, pass ${pass + 1}: ${DISTINCT} series, ${(((cpuSeconds(child.pid) - cpu) / DISTINCT) * 1e6).toFixed(2)} CPU s per million, ` +
          `${metrics('cached_series')} cached, estimate ${(metrics('series_cache_bytes') / 2 ** 20).toFixed(0)} MiB, ` +
          `RSS ${memory(child.pid).toFixed(0)} MiB (idle ${idle.toFixed(0)}, peak ${peakMemory(child.pid).toFixed(0)}), ` +
          `event-loop delay p99 ${(metrics('eventloop_lag_p99_seconds') * 1000).toFixed(0)} ms`,
      );
    }
    await pool.destroy();
  } finally {
    await child.stop();
    await sink.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function putInventory(url: string): Promise<void> {
  const put = await fetch(`${url}/v1/pods/inventory`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(inventory()),
  });
  if (!put.ok) throw new Error(`inventory refused: ${await put.text()}`);
}

async function post(pool: Pool, body: Buffer): Promise<void> {
  const { statusCode, body: answer } = await pool.request({
    method: 'POST',
    path: '/v1/prometheus',
    headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' },
    body: snappyCompress(body),
  });
  if (statusCode !== 204) throw new Error(`answers ${statusCode}: ${await answer.text()}`);
  await answer.dump();
}

/** Reads a metric about ourselves by the end of its name; waits first until the gauges have been refreshed. */
async function scrape(url: string): Promise<(name: string) => number> {
  await new Promise((resolve) => setTimeout(resolve, 6_000));
  const text = await (await fetch(`${url}/metrics`)).text();
  return (name) => Number(new RegExp(`^\\w*${name} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
}
