import type { PushResult, SeriesSink } from '../../src/metrics/forwarder/series-sink.js';
import { snappyUncompress } from '../../src/wire/snappy.js';
import { readRequest, type Series } from '../support/metrics-wire.js';

/** A storage in memory that remembers what it has accepted. */
export class RecordingSink implements SeriesSink {
  readonly name = 'recording';
  readonly accepted: Series[] = [];
  /** What it says to the next requests. */
  result: PushResult = { kind: 'accepted' };

  push(compressed: Buffer): Promise<PushResult> {
    if (this.result.kind === 'accepted')
      this.accepted.push(...readRequest(snappyUncompress(compressed, 2 ** 30, 'test')).series);
    return Promise.resolve(this.result);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
