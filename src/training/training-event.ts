/** Something that happened to a training workload. */
export interface TrainingEvent {
  /** Null while the owners of the pod are unknown: the event belongs to every workload of the pod. */
  workloadUid: string | null;
  podUid: string | null;
  /** What happened, e.g. `oom_killed`. */
  type: string;
  /** Identity within workload and type: an event that is recorded again counts once. */
  key: string;
  /** ms */
  occurredAt: number;
  details: Readonly<Record<string, unknown>>;
}

/** An event as it is stored. */
export interface StoredTrainingEvent extends Omit<TrainingEvent, 'key'> {
  id: string;
}

/** A stretch of a longer list, newest first. */
export interface TrainingEventPage {
  events: readonly StoredTrainingEvent[];
  total: number;
}
