import { setting, type ValuesOf } from './setting.js';
import { byteSize, duration, integer } from './values.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const KIB = 1_024;
const MIB = 1_024 ** 2;
const GIB = 1_024 ** 3;

/** Injection token of {@link LogsConfig}. */
export const LOGS_CONFIG = Symbol('LOGS_CONFIG');

/** Logs from shippers. */
export const logsSettings = {
  maxCompressedBytes: setting('LOGS_MAX_COMPRESSED_BYTES', byteSize(KIB, GIB), '16MiB', {
    description: 'Largest body of a log request as it is sent.',
  }),
  maxBytes: setting('LOGS_MAX_BYTES', byteSize(KIB, GIB), '64MiB', {
    description: 'Largest body of a log request after decompression.',
  }),
  maxRecords: setting('LOGS_MAX_RECORDS', integer(1, 1_000_000), '100000', {
    description: 'Most records in a log request.',
  }),
  maxInFlightBytes: setting('LOGS_MAX_IN_FLIGHT_BYTES', byteSize(KIB, 64 * GIB), '256MiB', {
    description: 'Bodies of log requests held at a time; beyond it shippers are asked to come again.',
  }),
  retryAfter: setting('LOGS_RETRY_AFTER', duration(1, MINUTE), '5s', {
    description: 'What shippers are told to wait before they come again.',
  }),
  maxLineBytes: setting('LOGS_MAX_LINE_LENGTH', byteSize(256, MIB), '64KiB', {
    description: 'Where a line is cut before anything looks at it, in characters.',
  }),
  partialMaxAge: setting('LOGS_PARTIAL_MAX_AGE', duration(100, 10 * MINUTE), '30s', {
    description: 'How long the beginning of a line that came in parts is kept for its end.',
  }),
  partialMaxLines: setting('LOGS_PARTIAL_MAX_LINES', integer(1, 1_000_000), '10000', {
    description: 'Most container streams whose lines are kept unfinished.',
  }),
};

export type LogsConfig = ValuesOf<typeof logsSettings>;
