import { OUTCOME_INDEX } from '../core/outcome.js';
import { isSentinel, STALE_NAN_HIGH, STALE_NAN_LOW } from '../core/sample-value.js';

/** Index of the outcome that a sample's value is dropped with, or -1: what is below zero, and exporters' “no value”. */
export function droppedAs(value: number, sentinels: boolean): number {
  if (value < 0) return OUTCOME_INDEX.negative;
  return sentinels && isSentinel(value) ? OUTCOME_INDEX.sentinel : -1;
}

/** Whether the eight bytes of a value hold the stale marker's bits. */
export function isStaleMarker(view: DataView, valueAt: number): boolean {
  return view.getInt32(valueAt + 4, true) === STALE_NAN_HIGH && view.getInt32(valueAt, true) === STALE_NAN_LOW;
}
