/**
 * What became of a received sample; every sample has exactly one, so the counters sum to what was received.
 * The words are used unchanged in metrics, the API, logs and debug records.
 */
export const OUTCOMES = [
  /** stored as at least one workload-level series */
  'emitted',
  /** belongs to nobody and was forwarded untouched, as configured */
  'forwarded',
  /** carries no label that names a pod or a device */
  'unmatched',
  /** names a device, but its node is unknown */
  'no_node',
  /** names a device that nobody held at the sample's time */
  'no_device',
  /** names a pod that is unknown, or the device's holder is no pod */
  'no_pod',
  /** its pod has no known workload */
  'no_workload',
  /** names a pod without namespace, and several bear the name */
  'ambiguous',
  /** its pod or binding ended longer ago than the grace period, or was already closed by a stale marker */
  'expired',
  /** a value below zero */
  'negative',
  /** an exporter's way of saying “no value” */
  'sentinel',
  /** breaks the protocol's rules for labels or histograms */
  'invalid',
  /** is itself the product of enrichment */
  'already_enriched',
  /** another series already gave this output series a sample at this time */
  'duplicate',
  /** refused by the storage as unacceptable, alone */
  'rejected',
  /** could not be handed on; the sender was asked to send it again */
  'deferred',
] as const;

export type Outcome = (typeof OUTCOMES)[number];

/** Position of each outcome in OUTCOMES, for counters kept in arrays. */
export const OUTCOME_INDEX = Object.freeze(
  Object.fromEntries(OUTCOMES.map((outcome, index) => [outcome, index])) as Record<Outcome, number>,
);
