import { OUTCOMES, type Outcome } from './core/outcome.js';

/** Length of the window that activity is reported over, in rotations of one minute each. */
const WINDOW_MINUTES = 5;

/** Sample counts of one metric name by outcome: the running minute and the minutes before it. */
export class MetricActivity {
  /** Counts of the running minute, indexed like OUTCOMES; the hot path adds to it. */
  counts = new Float64Array(OUTCOMES.length);
  private readonly past: Float64Array[] = [];

  constructor(readonly name: string) {}

  /** Ends a minute. Returns whether anything was seen in the window. */
  rotate(): boolean {
    this.past.unshift(this.counts);
    this.counts = new Float64Array(OUTCOMES.length);
    this.past.length = Math.min(this.past.length, WINDOW_MINUTES);
    return this.past.some((minute) => minute.some((count) => count > 0));
  }

  /** Totals of the window by outcome, those of zero left out. */
  totals(): Partial<Record<Outcome, number>> {
    const totals: Partial<Record<Outcome, number>> = {};
    OUTCOMES.forEach((outcome, i) => {
      const total = [this.counts, ...this.past].reduce((sum, minute) => sum + (minute[i] ?? 0), 0);
      if (total > 0) totals[outcome] = total;
    });
    return totals;
  }
}

/** Name that stands for every metric beyond the bound on names. */
const OTHER = '(other)';

/** The metric names seen in the last minutes, bounded in number. */
export class MetricActivities {
  private readonly byName = new Map<string, MetricActivity>();
  private readonly other = new MetricActivity(OTHER);

  constructor(private readonly maxNames: number) {}

  of(name: string): MetricActivity {
    const known = this.byName.get(name);
    if (known !== undefined) return known;
    if (this.byName.size >= this.maxNames) return this.other;
    const activity = new MetricActivity(name);
    this.byName.set(name, activity);
    return activity;
  }

  /**
   * Ends a minute for every name. Names that stayed silent are kept while cached series refer to them; `isReferenced`
   * says which do.
   */
  rotate(): void {
    this.other.rotate();
    for (const activity of this.byName.values()) activity.rotate();
  }

  /** Forgets names that no cached series uses any more. */
  retain(used: ReadonlySet<MetricActivity>): void {
    for (const [name, activity] of this.byName) if (!used.has(activity) && isSilent(activity)) this.byName.delete(name);
  }

  *seen(): Generator<MetricActivity> {
    for (const activity of [...this.byName.values(), this.other]) if (!isSilent(activity)) yield activity;
  }
}

function isSilent(activity: MetricActivity): boolean {
  return Object.keys(activity.totals()).length === 0;
}
