import type { EnrichmentEngine } from '../ingest/enrichment-engine.js';
import { copyOf, type EndedOutput } from '../ingest/series-decisions.js';
import type { SeriesEntry } from '../ingest/series-entry.js';

/** Entries looked at in one turn of the event loop. */
const SLICE = 2_000;

/** How far back queries look for a sample (ms): what is older is gone from dashboards without a marker. (Prometheus, lookback delta) */
const LOOKBACK_MS = 5 * 60_000;

/**
 * Looks through the cached series for outputs whose binding has ended: the pod is gone, the device has moved, though
 * the grace period may still let samples through. An end counts only when two sweeps in a row have seen it, which gives
 * samples that are under way the time to arrive in order.
 */
export class EndedBindings {
  private sweeps = 0;

  constructor(private readonly engine: EnrichmentEngine) {}

  /**
   * @param now ms
   * @param pause awaited between slices
   */
  async sweep(now: number, pause: () => Promise<unknown>): Promise<EndedOutput[]> {
    const sweep = ++this.sweeps;
    const ended: EndedOutput[] = [];
    let seen = 0;
    for (const entry of this.engine.cache.entries()) {
      if (++seen % SLICE === 0) await pause();
      if (isFed(entry, now) && !this.isInForce(entry, now)) ended.push(...this.look(entry, now, sweep));
      else entry.endNoticed = 0;
    }
    return ended;
  }

  /** Whether nothing the decision rests on has changed and it holds now without help of the grace period. */
  private isInForce(entry: SeriesEntry, now: number): boolean {
    const { decision } = entry;
    if (this.engine.decisions.stamps.sum(decision.reads) !== decision.stampSum || now >= decision.to) return false;
    // A marker has been sent for this end; samples of the grace period may follow it, and the next marker comes at its close.
    return decision.endedAt === Infinity || entry.closedAt >= decision.endedAt;
  }

  private look(entry: SeriesEntry, now: number, sweep: number): EndedOutput[] {
    const current = this.engine.decisions.outputsWithoutGrace(entry, now);
    const kept = entry.decision.outputs.filter((output) => current.some((block) => block.equals(copyOf(output))));
    const lost = entry.decision.outputs.filter((output) => !kept.includes(output)).map(copyOf);
    if (lost.length === 0 || entry.endNoticed === 0) {
      entry.endNoticed = lost.length === 0 ? 0 : sweep;
      return [];
    }
    const ended = lost.map((labels) => ({ labels, lastTimestamp: entry.lastTimestamp }));
    // With the marker the end is settled: it is sent once, and a device's later readings belong to nobody.
    entry.lastStale = kept.length === 0;
    entry.decide({ ...entry.decision, outputs: kept });
    entry.closedAt = now;
    entry.endNoticed = 0;
    entry.void();
    return ended;
  }
}

/** Whether the storage holds a living sample of the entry's outputs. */
function isFed(entry: SeriesEntry, now: number): boolean {
  return entry.decision.outputs.length > 0 && !entry.lastStale && entry.lastTimestamp >= now - LOOKBACK_MS;
}
