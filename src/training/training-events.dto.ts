import { Type } from 'class-transformer';
import { IsInt, IsOptional, Max, Min } from 'class-validator';
import type { StoredTrainingEvent, TrainingEventPage } from './training-event.js';

/** A stretch of the list. */
export class TrainingEventsQueryDto {
  /** Events to skip. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(1_000_000)
  offset: number = 0;

  /** Most events to answer. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1_000)
  limit: number = 100;
}

/** Something that happened to a training workload. */
export class TrainingEventDto {
  /** @example '42' */
  id!: string;
  /** Null when it happened before the owners of the pod were known. */
  workload_uid!: string | null;
  /** @example 'pod-1' */
  pod_uid!: string | null;
  /** @example 'oom_killed' */
  type!: string;
  /** @example '2026-11-01T08:00:00.000Z' */
  occurred_at!: string;
  /** @example { "container_id": "0f3c9a", "exit_code": 137 } */
  details!: Record<string, unknown>;
}

/** A stretch of a workload's events, newest first. */
export class TrainingEventPageDto {
  items!: TrainingEventDto[];
  /** Events in the whole list. */
  total!: number;
  offset!: number;
  limit!: number;
}

/** The page as it is answered, in the form of {@link TrainingEventPageDto}. */
export function toPageDto({ events, total }: TrainingEventPage, { offset, limit }: TrainingEventsQueryDto) {
  return { items: events.map(toEventDto), total, offset, limit };
}

function toEventDto({ id, workloadUid, podUid, type, occurredAt, details }: StoredTrainingEvent) {
  const occurred_at = new Date(occurredAt).toISOString();
  return { id, workload_uid: workloadUid, pod_uid: podUid, type, occurred_at, details };
}
