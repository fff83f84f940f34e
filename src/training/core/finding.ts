import type { PerformanceValues } from './performance-fields.js';

/** What one line, or one report of another source, says about a training. */
export type Finding = PerformanceFinding | EventFinding | CheckpointFinding | ErrorFinding | FrameworkFinding;

interface FromFormat {
  /** The framework whose format this is, e.g. `primus`, `megatron`, `deepspeed`; null when several write so. */
  readonly framework: string | null;
  /** Name of the built-in format or of the user's pattern that matched. */
  readonly format: string;
}

/** Values of an iteration. */
export interface PerformanceFinding extends FromFormat {
  readonly kind: 'performance';
  readonly values: PerformanceValues;
  /** Further numbers of the line under snake_case names. */
  readonly extra: Readonly<Record<string, number>>;
}

/** A training began or ended. */
export interface EventFinding extends FromFormat {
  readonly kind: 'event';
  readonly event: TrainingEventName;
}

export type TrainingEventName = 'training_started' | 'training_finished' | 'training_failed';

/** A checkpoint is written or read. */
export interface CheckpointFinding extends FromFormat {
  readonly kind: 'checkpoint';
  readonly event: CheckpointEventName;
  readonly iteration: number | null;
  readonly path: string | null;
  readonly durationMs: number | null;
}

export type CheckpointEventName = 'start_saving' | 'end_saving' | 'loading';

/** Something broke. */
export interface ErrorFinding extends FromFormat {
  readonly kind: 'error';
  readonly what: ErrorName;
}

export type ErrorName = 'oom' | 'nccl' | 'hang' | 'xid' | 'ecc' | 'nan' | 'traceback' | 'segfault';

/** A line tells which framework runs, and nothing else. */
export interface FrameworkFinding extends FromFormat {
  readonly kind: 'framework';
  readonly framework: string;
  /** How sure that is, from 0 to 1. */
  readonly confidence: number;
}
