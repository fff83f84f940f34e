import type { WorkloadRef } from '../../pods/core/inventory-view.js';
import type { Finding } from './finding.js';

/** Where an observation comes from; part of the identity of a stored point. */
export type ObservationSource = 'log' | 'wandb';

/** Who said it. */
export interface Observer {
  readonly podUid: string | null;
  readonly podName: string | null;
  /** When the pod began, ms; null when unknown. */
  readonly podStartedAt: number | null;
  /** Container and stream of a log, tells what is told in order; '' for other sources. */
  readonly stream: string;
}

/** A finding, who it belongs to, who said it and when. */
export interface Observation {
  readonly source: ObservationSource;
  /** The same finding is told of every workload of the pod: each has its own runs. Never empty. */
  readonly workloads: readonly WorkloadRef[];
  readonly observer: Observer;
  /** The log's own time, ms. */
  readonly observedAt: number;
  readonly finding: Finding;
  /** Identity of the report by its content, so that a repetition counts once: hash of observer, time and text. */
  readonly key: string;
  /** The line as written, shortened; kept with events. */
  readonly text: string | null;
}
