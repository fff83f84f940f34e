import { setting, type ValuesOf } from './setting.js';
import { byteSize, duration, integer, textMatching } from './values.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const KIB = 1_024;
const GIB = 1_024 ** 3;

/** Injection token of {@link HttpConfig}. */
export const HTTP_CONFIG = Symbol('HTTP_CONFIG');

/** Where and how the service listens. */
export const httpSettings = {
  host: setting('HOST', textMatching(/^[A-Za-z0-9.:_-]{1,253}$/, 'a host name or an IP address'), '127.0.0.1', {
    description: 'Listening address. Any other than a loopback address needs configured tokens or `AUTH_MODE=none`.',
  }),
  port: setting('PORT', integer(0, 65_535), '8989', { description: 'Listening port; 0 takes any free port.' }),
  jsonBodyLimit: setting('HTTP_JSON_BODY_LIMIT', byteSize(KIB, GIB), '1MiB', {
    description: 'Largest JSON body, after decompression, of a route without a limit of its own.',
  }),
  requestTimeout: setting('HTTP_REQUEST_TIMEOUT', duration(SECOND, 60 * MINUTE), '5m', {
    description: 'Longest time a request may take to arrive; its connection is closed afterwards.',
  }),
  keepAliveTimeout: setting('HTTP_KEEP_ALIVE_TIMEOUT', duration(SECOND, 60 * MINUTE), '120s', {
    description:
      "Idle time after which a connection is closed; longer than senders' scrape intervals, or they meet closed connections.",
  }),
  shutdownTimeout: setting('HTTP_SHUTDOWN_TIMEOUT', duration(0, 10 * MINUTE), '20s', {
    description: 'Longest wait for requests in flight when the process is told to stop.',
  }),
};

export type HttpConfig = ValuesOf<typeof httpSettings>;
