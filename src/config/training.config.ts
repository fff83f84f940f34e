import { setting, type ValuesOf } from './setting.js';
import { duration, integer } from './values.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Injection token of {@link TrainingConfig}. */
export const TRAINING_CONFIG = Symbol('TRAINING_CONFIG');

/** What trainings tell: performance, events, checkpoints. */
export const trainingSettings = {
  commitInterval: setting('TRAINING_COMMIT_INTERVAL', duration(0, 10 * SECOND), '50ms', {
    description: 'How long what was extracted is collected before it is committed together.',
  }),
  commitMaxRows: setting('TRAINING_COMMIT_MAX_ROWS', integer(1, 100_000), '5000', {
    description: 'Most observations committed together; more wait for the next commit.',
  }),
  maxPending: setting('TRAINING_MAX_PENDING', integer(1, 10_000_000), '100000', {
    description: 'Most observations that wait for a commit; beyond it senders are asked to come again.',
  }),
  rankSkew: setting('TRAINING_RANK_SKEW', duration(0, HOUR), '30s', {
    description:
      'How far apart ranks may tell of the same iteration; an iteration that comes back later than this opens a new run.',
  }),
  retention: setting('TRAINING_RETENTION', duration(HOUR, 3_650 * DAY), '90d', {
    description: 'How long points and events of a run are kept after its last sign of life.',
  }),
  partitionWidth: setting('TRAINING_PARTITION_WIDTH', duration(HOUR, 365 * DAY), '7d', {
    description: 'Starts of runs whose points lie in one partition; retention drops whole partitions.',
  }),
};

export type TrainingConfig = ValuesOf<typeof trainingSettings>;
