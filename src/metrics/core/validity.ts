/**
 * The span of sample times [from, to) in ms for which a decision made at one time holds: every boundary that was
 * consulted on the way cuts it.
 */
export class Validity {
  from = -Infinity;
  to = Infinity;

  constructor(readonly at: number) {}

  /** Notes that the decision would differ on the other side of this time. */
  cut(boundary: number): void {
    if (boundary <= this.at) this.from = Math.max(this.from, boundary);
    else this.to = Math.min(this.to, boundary);
  }
}
