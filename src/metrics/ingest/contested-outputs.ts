import type { OutputLabels, SeriesEntry } from './series-entry.js';

/** Sample times remembered per contested output: enough for the catch-up batches of several rivals. */
const REMEMBERED = 64;

/** Contested outputs remembered; the oldest are forgotten first. */
const MAX_OUTPUTS = 100_000;

/** A feeder's claim to the sample times [from, to] in ms. */
interface Claim {
  readonly from: number;
  readonly to: number;
  readonly feeder: SeriesEntry;
}

/**
 * Sees to it that two series that end up with the same labels (two scrapes of one exporter, whose `job` is replaced, or a
 * pair of senders) never give one output two samples of one time: storages refuse the whole request for that.
 * The series that came first keeps the time, also when it is sent again.
 */
export class ContestedOutputs {
  private readonly claims = new Map<string, Claim[]>();
  /** Hashes of contested outputs: a quick first question, which other outputs may pass by chance. */
  private readonly hashes = new Set<number>();
  private tentative: { key: string; claim: Claim }[] = [];

  /** Declares an output contested; all times up to `newest` (ms) are its first feeder's. */
  open(output: OutputLabels, first: SeriesEntry, newest: number): void {
    const key = keyOf(output);
    if (this.claims.has(key)) return;
    if (this.claims.size >= MAX_OUTPUTS) this.claims.delete(this.claims.keys().next().value ?? key);
    this.hashes.add(output.hash);
    this.claims.set(key, []);
    this.add(key, { from: -Infinity, to: newest, feeder: first });
  }

  /** Whether the output may be contested, so that its samples have to be claimed. */
  mayHave(output: OutputLabels): boolean {
    return this.hashes.has(output.hash);
  }

  /** Whether the feeder may give the output a sample of this time. */
  claim(output: OutputLabels, timestamp: number, feeder: SeriesEntry): boolean {
    if (!this.mayHave(output)) return true;
    const key = keyOf(output);
    const claims = this.claims.get(key);
    if (claims === undefined) return true;
    const taken = claims.find(({ from, to }) => from <= timestamp && timestamp <= to);
    if (taken !== undefined) return taken.feeder === feeder;
    this.add(key, { from: timestamp, to: timestamp, feeder });
    return true;
  }

  /** Takes the claims made since the last call, to be given back by `release` if their samples could not be stored. */
  take(): readonly { key: string; claim: Claim }[] {
    const taken = this.tentative;
    this.tentative = [];
    return taken;
  }

  release(taken: ReturnType<ContestedOutputs['take']>): void {
    for (const { key, claim } of taken) {
      const claims = this.claims.get(key);
      const at = claims?.indexOf(claim) ?? -1;
      if (at >= 0) claims?.splice(at, 1);
    }
  }

  private add(key: string, claim: Claim): void {
    const claims = this.claims.get(key) ?? [];
    if (claims.push(claim) > REMEMBERED) claims.shift();
    this.tentative.push({ key, claim });
  }
}

function keyOf({ slab, offset, length }: OutputLabels): string {
  return slab.bytes.toString('latin1', offset, offset + length);
}
