import { setting, type ValuesOf } from './setting.js';
import { byteSize, duration, integer } from './values.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const KIB = 1_024;
const GIB = 1_024 ** 3;

/** Injection token of {@link PodsConfig}. */
export const PODS_CONFIG = Symbol('PODS_CONFIG');

/** The inventory of nodes, pods and workloads, and its caches. */
export const podsSettings = {
  cacheRefreshInterval: setting('CACHE_REFRESH_INTERVAL', duration(100, HOUR), '20s', {
    description:
      'How often the inventory caches are refreshed with what changed; they also follow notifications of the database.',
  }),
  cacheReloadInterval: setting('CACHE_RELOAD_INTERVAL', duration(SECOND, DAY), '10m', {
    description: 'How often the inventory caches are loaded anew as a whole, a safety net.',
  }),
  cachePageSize: setting('CACHE_PAGE_SIZE', integer(10, 100_000), '1000', {
    description: 'Rows read from the database at a time when the caches are loaded.',
  }),
  gracePeriod: setting('PODS_GRACE_PERIOD', duration(0, DAY), '5m', {
    description: 'How long samples are still given to a pod after its end, for what arrives late.',
  }),
  inventoryRetention: setting('INVENTORY_RETENTION', duration(MINUTE, 3_650 * DAY), '24h', {
    description: 'How long ended pods, workloads and devices are kept in the database.',
  }),
  inventoryBodyLimit: setting('INVENTORY_BODY_LIMIT', byteSize(KIB, GIB), '64MiB', {
    description: 'Largest body of `PUT /v1/pods/inventory`, after decompression.',
  }),
  containerEventsBodyLimit: setting('CONTAINER_EVENTS_BODY_LIMIT', byteSize(KIB, GIB), '8MiB', {
    description: 'Largest body of container events, single or batch, after decompression.',
  }),
  containerEventsMaxBatch: setting('CONTAINER_EVENTS_MAX_BATCH', integer(1, 100_000), '1000', {
    description: 'Most container events in a batch.',
  }),
};

export type PodsConfig = ValuesOf<typeof podsSettings>;
