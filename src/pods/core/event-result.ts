import type { FieldProblem } from '../../common/domain-error.js';
import type { EventOutcome } from './container-record.js';

/** What became of one event. */
export interface EventResult {
  status: 'ok' | 'error';
  outcome?: EventOutcome | undefined;
  error?: string;
  errors?: readonly FieldProblem[];
}

/** What became of a batch, event by event. */
export interface BatchResult {
  processed: number;
  failed: number;
  results: readonly (EventResult & { index: number })[];
}

/** 200 when all went well, 206 when some failed, 400 when all did. */
export function statusOf({ processed, failed }: BatchResult): 200 | 206 | 400 {
  if (failed === 0) return 200;
  return processed > 0 ? 206 : 400;
}
