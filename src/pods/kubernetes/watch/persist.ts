import { Logger } from '@nestjs/common';
import { backoffDelay, pause } from '../../../database/backoff.js';
import { LeadershipLost } from '../writer/leadership-lost.js';

const BACKOFF = { base: 200, max: 5_000 };
const logger = new Logger('KubernetesWatch');

/**
 * Repeats a write, with growing pauses, until the database takes it. Rejects with {@link LeadershipLost}, with an error that
 * `isPassing` (all are, unless told) says will not pass, or when the signal is aborted.
 */
export async function persist(
  write: () => Promise<unknown>,
  signal: AbortSignal,
  isPassing: (error: unknown) => boolean = () => true,
): Promise<void> {
  for (let failures = 0; ; failures += 1) {
    try {
      await write();
      return;
    } catch (error) {
      if (error instanceof LeadershipLost || !isPassing(error)) throw error;
      if (failures === 0) logger.warn({ err: error }, 'Changes of the cluster wait for the database');
      await pause(backoffDelay(failures, BACKOFF), signal);
      signal.throwIfAborted();
    }
  }
}
