import type { SeriesEntry } from './series-entry.js';

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
  private readonly claims = new Map<number, Claim[]>();
  private tentative: { hash: number; claim: Claim }[] = [];

  /** Declares an output (by the hash of its labels) contested; all times up to `newest` (ms) are its first feeder's. */
  open(hash: number, first: SeriesEntry, newest: number): void {
    if (this.claims.has(hash)) return;
    if (this.claims.size >= MAX_OUTPUTS) this.claims.delete(this.claims.keys().next().value ?? hash);
    this.claims.set(hash, []);
    this.add(hash, { from: -Infinity, to: newest, feeder: first });
  }

  has(hash: number): boolean {
    return this.claims.has(hash);
  }

  /** Whether the feeder may give the output a sample of this time. */
  claim(hash: number, timestamp: number, feeder: SeriesEntry): boolean {
    const claims = this.claims.get(hash);
    if (claims === undefined) return true;
    const taken = claims.find(({ from, to }) => from <= timestamp && timestamp <= to);
    if (taken !== undefined) return taken.feeder === feeder;
    this.add(hash, { from: timestamp, to: timestamp, feeder });
    return true;
  }

  /** Takes the claims made since the last call, to be given back by `release` if their samples could not be stored. */
  take(): readonly { hash: number; claim: Claim }[] {
    const taken = this.tentative;
    this.tentative = [];
    return taken;
  }

  private add(hash: number, claim: Claim): void {
    const claims = this.claims.get(hash) ?? [];
    if (claims.push(claim) > REMEMBERED) claims.shift();
    this.tentative.push({ hash, claim });
  }

  release(taken: ReturnType<ContestedOutputs['take']>): void {
    for (const { hash, claim } of taken) {
      const claims = this.claims.get(hash);
      const at = claims?.indexOf(claim) ?? -1;
      if (at >= 0) claims?.splice(at, 1);
    }
  }
}
