import { PayloadLimitExceeded } from '../../wire/malformed-payload.js';
import { ProtobufReader } from '../../wire/protobuf-reader.js';

/** WriteRequest.timeseries. (Remote Write 1.0, prompb/remote.proto) */
const SERIES = 0x0a;

/** The request holds more series than METRICS_MAX_SERIES_PER_REQUEST. */
export function tooManySeries(received: number, limit: number): PayloadLimitExceeded {
  return new PayloadLimitExceeded('METRICS_MAX_SERIES_PER_REQUEST', limit, received, 'series in the request');
}

/**
 * Counts the series of a 1.0 request. The walk stops at the limit, so the number that an error tells is found only then.
 * @throws MalformedPayload
 */
export function countSeries(request: Buffer): number {
  const reader = new ProtobufReader(request);
  let series = 0;
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === SERIES) series++;
    reader.skip(tag);
  }
  return series;
}
