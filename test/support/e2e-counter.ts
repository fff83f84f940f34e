/** The comparison of what was scraped with what the storage has. */
import { COUNTER } from './e2e-cluster.js';
import type { Exporter } from './e2e-exporter.js';
import type { VictoriaMetrics } from './e2e-storage.js';
import { eventually } from './eventually.js';

/** Counter values of all scrapes in a storage, per workload, as often as they are stored. */
export async function storedCounts(storage: VictoriaMetrics): Promise<Map<string, number[]>> {
  const all = await storage.export(`workload_${COUNTER}`);
  return new Map(
    all.map(({ labels, values }) => [labels['workload_uid'] ?? '', values.filter((value) => value !== null)]),
  );
}

/** Waits until the exporter has been scraped this many times more. */
export async function scraped(exporter: Exporter, times: number): Promise<void> {
  const until = exporter.counted.length + times;
  await eventually(() => exporter.counted.length >= until, 60_000, 50);
}

/**
 * Waits until the newest scrape of now is stored for each of the workloads, then expects all earlier ones to be stored too.
 * Senders go on with what is new beside what they have to repeat, so it takes a while until all gaps are filled.
 * @param within longest wait, ms; longer than the longest backoff of the sender
 */
export async function expectEveryScrape(
  exporter: Exporter,
  storage: VictoriaMetrics,
  { workloads = ['wl-inner', 'wl-outer'], within = 60_000 } = {},
): Promise<void> {
  const made = [...exporter.counted];
  const missing = async () => {
    const counts = await storedCounts(storage);
    return workloads.map((workload) => {
      const present = new Set(counts.get(workload));
      return { workload, missing: made.filter((value) => !present.has(value)) };
    });
  };
  // A scrape too few shows below, by its number.
  await eventually(async () => (await missing()).every((one) => one.missing.length === 0), within, 500).catch(
    () => undefined,
  );
  expect(await missing()).toEqual(workloads.map((workload) => ({ workload, missing: [] })));
}

/** Values that are stored more than once. */
export function repeated(values: readonly number[]): number[] {
  return values.filter((value, i) => values.indexOf(value) !== i);
}
