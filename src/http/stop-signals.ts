import { Clock } from '../common/clock.js';

/** A terminal and npm both deliver Ctrl-C: signals this close together (ms) are one. */
const SAME_REQUEST = 2_000;

/** The part of `process` that is used. */
export interface SignalSource {
  on(signal: 'SIGINT' | 'SIGTERM', listener: (signal: string) => void): unknown;
}

/** Calls `stop` at the first SIGINT or SIGTERM, and `giveUp` when another comes more than two seconds later. */
export function onStopSignals(
  source: SignalSource,
  clock: Clock,
  stop: (signal: string) => void,
  giveUp: () => void,
): void {
  let since: number | undefined;
  const listener = (signal: string): void => {
    if (since === undefined) {
      since = clock.now();
      stop(signal);
    } else if (clock.now() - since > SAME_REQUEST) {
      giveUp();
    }
  };
  source.on('SIGINT', listener);
  source.on('SIGTERM', listener);
}
