import { allSettings } from './sections.js';

const BOUNDS: Record<string, { accepted: readonly unknown[]; refused: readonly unknown[] }> = {
  HOST: { accepted: ['::1', 'gpu-node.example'], refused: ['', 'a b', 'http://a', true] },
  PORT: { accepted: ['0', 65_535], refused: ['-1', 65_536, '80a', '', 1.5, true] },
  HTTP_JSON_BODY_LIMIT: { accepted: ['1KiB', 1_048_576, '1GiB'], refused: ['1023', '1025MiB', '1 meg'] },
  HTTP_REQUEST_TIMEOUT: { accepted: ['1s', '1h'], refused: ['999ms', '61m', '5', 5] },
  HTTP_KEEP_ALIVE_TIMEOUT: { accepted: ['1s', '1h'], refused: ['0', '2h'] },
  HTTP_SHUTDOWN_TIMEOUT: { accepted: ['0', 0, '10m'], refused: ['11m', '-1s'] },
  DATABASE_URL: {
    accepted: ['postgres://u:p@h:5432/d', 'postgresql://h/d?sslmode=require'],
    refused: ['h', 'mysql://h/d', 'postgres://'],
  },
  DATA_DIR: { accepted: ['/var/lib/x'], refused: ['', ' '] },
  DATABASE_POOL_SIZE: { accepted: [2, '500'], refused: ['1', '501'] },
  DATABASE_CONNECT_TIMEOUT: { accepted: ['100ms', '5m'], refused: ['99ms', '6m'] },
  DATABASE_STATEMENT_TIMEOUT: { accepted: ['100ms', '1h'], refused: ['0', '61m'] },
  DATABASE_TRANSACTION_ATTEMPTS: { accepted: [1, 50], refused: [0, 51] },
  AUTH_MODE: { accepted: ['none', ' Tokens '], refused: ['off', ''] },
  AUTH_TOKENS: {
    accepted: ['a:admin:0123456789abcdef', ['a:admin:0123456789abcdef']],
    refused: ['a:admin:short', 'x', 7],
  },
  AUTH_TOKENS_FILE: { accepted: ['/etc/tokens'], refused: [''] },
  CLUSTER_NAME: { accepted: ['a', 'prod-1.eu', 7], refused: ['', 'a b', '-a', 'a'.repeat(129)] },
  LOG_LEVEL: { accepted: ['trace', 'silent'], refused: ['verbose'] },
  LOG_FORMAT: { accepted: ['auto', 'json', 'pretty'], refused: ['text'] },
  CACHE_REFRESH_INTERVAL: { accepted: ['100ms', '1h'], refused: ['99ms', '2h'] },
  CACHE_RELOAD_INTERVAL: { accepted: ['1s', '1d'], refused: ['999ms', '25h'] },
  CACHE_PAGE_SIZE: { accepted: [10, 100_000], refused: [9, 100_001] },
  PODS_GRACE_PERIOD: { accepted: ['0', '1d'], refused: ['25h', '5'] },
  INVENTORY_RETENTION: { accepted: ['1m', '10y'], refused: ['59s', '11y'] },
  INVENTORY_BODY_LIMIT: { accepted: ['1KiB', '1GiB'], refused: ['1', '2GiB'] },
  CONTAINER_EVENTS_BODY_LIMIT: { accepted: ['1KiB', '1GiB'], refused: ['1', '2GiB'] },
  CONTAINER_EVENTS_MAX_BATCH: { accepted: [1, 100_000], refused: [0, 100_001] },
  KUBERNETES_MODE: { accepted: ['auto', 'in-cluster', 'kubeconfig', 'off'], refused: ['on', ''] },
  KUBECONFIG: { accepted: ['/root/.kube/config', 'a:b'], refused: ['', 'x'.repeat(4_097)] },
  KUBERNETES_SERVICE_HOST: { accepted: ['10.96.0.1', 'fd00::1'], refused: [''] },
  KUBERNETES_SERVICE_PORT: { accepted: ['443', 65_535], refused: ['0', 65_536, 'https'] },
  KUBERNETES_CONTEXT: { accepted: ['prod'], refused: [''] },
  KUBERNETES_NAMESPACES: { accepted: ['', 'ml,dev', ['ml']], refused: ['ML', 'a_b', '-a'] },
  KUBERNETES_WORKLOAD_LABELS: { accepted: ['', 'a.b/c_d', ['x']], refused: ['a b', '/a'] },
  KUBERNETES_PAGE_SIZE: { accepted: [10, 5_000], refused: [9, 5_001] },
  KUBERNETES_REQUEST_TIMEOUT: { accepted: ['1s', '10m'], refused: ['999ms', '11m'] },
  KUBERNETES_WATCH_TIMEOUT: { accepted: ['10s', '1h'], refused: ['9s', '61m'] },
  KUBERNETES_RELIST_INTERVAL: { accepted: ['1m', '30d'], refused: ['59s', '31d'] },
  KUBERNETES_OWNER_REQUESTS: { accepted: [1, 100], refused: [0, 101] },
  KUBERNETES_OWNER_RETRY_INTERVAL: { accepted: ['1s', '1d'], refused: ['0', '25h'] },
  KUBERNETES_BATCH_SIZE: { accepted: [1, 10_000], refused: [0, 10_001] },
  KUBERNETES_MAX_PENDING: { accepted: [10, 1_000_000], refused: [9, 1_000_001] },
  STORAGE_REMOTE_WRITE_URL: { accepted: ['http://a,https://b', ['http://a']], refused: ['a', 'http://a,b', 3] },
  STORAGE_REMOTE_WRITE_ENDPOINTS: { accepted: ['[]', [{ url: 'http://a' }]], refused: ['{}', '[{}]', 3] },
  METRICS_PUSH_TIMEOUT: { accepted: ['100ms', '5m'], refused: ['99ms', '6m'] },
  METRICS_RETRY_AFTER: { accepted: ['1ms', '1m'], refused: ['0', '61s'] },
  METRICS_REPEATED_500_ATTEMPTS: { accepted: [1, 100], refused: [0, 101] },
  METRICS_MAX_COMPRESSED_BYTES: { accepted: ['1KiB', '1GiB'], refused: ['1', '2GiB'] },
  METRICS_MAX_DECOMPRESSED_BYTES: { accepted: ['1KiB', '1GiB'], refused: ['1', '2GiB'] },
  METRICS_MAX_SERIES_PER_REQUEST: { accepted: [1, 10_000_000], refused: [0, 10_000_001] },
  METRICS_MAX_LABELS_PER_SERIES: { accepted: [2, 10_000], refused: [1, 10_001] },
  METRICS_MAX_LABEL_NAME_BYTES: { accepted: [16, '64KiB'], refused: [15, '65KiB'] },
  METRICS_MAX_LABEL_VALUE_BYTES: { accepted: [16, '16MiB'], refused: [15, '17MiB'] },
  METRICS_MAX_IN_FLIGHT_BYTES: { accepted: ['1MiB', '64GiB'], refused: ['1KiB', '65GiB'] },
  METRICS_MAX_WORKLOADS_PER_POD: { accepted: [1, 1_000], refused: [0, 1_001] },
  METRICS_SERIES_CACHE_BYTES: { accepted: ['8MiB', '256GiB'], refused: ['1KiB', '257GiB'] },
  METRICS_SERIES_CACHE_ROTATION: { accepted: ['1s', '1d'], refused: ['0', '2d'] },
  METRICS_NAME_PREFIX: { accepted: ['workload_', 'a:b_'], refused: ['', '1a', 'a-b'] },
  METRICS_JOB_LABEL: { accepted: ['x', 'a b'], refused: ['', 'x'.repeat(257)] },
  METRICS_UNMATCHED: { accepted: ['drop', 'forward'], refused: ['keep'] },
  METRICS_NODE_LABELS: { accepted: ['a,b', ['a'], []], refused: ['a-b', [1], 'a b'] },
  METRICS_GPU_LABELS: { accepted: ['gpu'], refused: ['1gpu'] },
  METRICS_RDMA_LABELS: { accepted: ['device'], refused: ['a.b'] },
  METRICS_ASIC_LABELS: { accepted: ['asic'], refused: ['a:b'] },
  METRICS_GPU_FAMILIES: { accepted: ['gpu_,x:'], refused: ['gpu-'] },
  METRICS_RDMA_FAMILIES: { accepted: ['ib_'], refused: ['*'] },
  METRICS_ASIC_FAMILIES: { accepted: ['asic_'], refused: ['9'] },
  METRICS_EXPORTER_POD_LABELS: { accepted: ['pod'], refused: ['pod name'] },
  METRICS_LEARN_DEVICES: { accepted: ['true', 'false'], refused: ['yes', ''] },
  METRICS_LEARNED_DEVICE_EXPIRY: { accepted: ['10s', '1d'], refused: ['9s', '25h'] },
  METRICS_LEARNED_DEVICES_MAX: { accepted: [0, 10_000_000], refused: [-1, 10_000_001] },
  METRICS_FEDERATE_MAX_SERIES: { accepted: [1, 10_000_000], refused: [0, 10_000_001] },
  METRICS_FEDERATE_WINDOW: { accepted: ['1s', '1d'], refused: ['0', '2d'] },
  METRICS_ACTIVE_MAX_NAMES: { accepted: [1, 1_000_000], refused: [0, 1_000_001] },
  METRICS_DEBUG_MAX_RECORDS: { accepted: [1, 100_000], refused: [0, 100_001] },
  METRICS_DEBUG_MAX_DURATION: { accepted: ['1s', '1d'], refused: ['0', '2d'] },
  LOGS_MAX_COMPRESSED_BYTES: { accepted: ['1KiB', '1GiB'], refused: ['1', '2GiB'] },
  LOGS_MAX_BYTES: { accepted: ['1KiB', '1GiB'], refused: ['1', '2GiB'] },
  LOGS_MAX_RECORDS: { accepted: [1, 1_000_000], refused: [0, 1_000_001] },
  LOGS_MAX_IN_FLIGHT_BYTES: { accepted: ['1KiB', '64GiB'], refused: ['1', '65GiB'] },
  LOGS_RETRY_AFTER: { accepted: ['1ms', '1m'], refused: ['0', '61s'] },
  LOGS_MAX_LINE_LENGTH: { accepted: [256, '1MiB'], refused: [255, '2MiB'] },
  LOGS_PARTIAL_MAX_AGE: { accepted: ['100ms', '10m'], refused: ['99ms', '11m'] },
  LOGS_PARTIAL_MAX_LINES: { accepted: [1, 1_000_000], refused: [0, 1_000_001] },
  TRAINING_COMMIT_INTERVAL: { accepted: ['0', '10s'], refused: ['11s', 5] },
  TRAINING_COMMIT_MAX_ROWS: { accepted: [1, 100_000], refused: [0, 100_001] },
  TRAINING_MAX_PENDING: { accepted: [1, 10_000_000], refused: [0, 10_000_001] },
  TRAINING_RANK_SKEW: { accepted: ['0', '1h'], refused: ['61m'] },
  TRAINING_RETENTION: { accepted: ['1h', '10y'], refused: ['59m', '11y'] },
  TRAINING_PARTITION_WIDTH: { accepted: ['1h', '365d'], refused: ['59m', '366d'] },
};

it('every setting is listed here, under a name of its own', () => {
  expect(allSettings.map(({ env }) => env).sort()).toEqual(Object.keys(BOUNDS).sort());
});

describe.each(allSettings.map((setting) => [setting.env, setting] as const))('%s', (env, { kind, default: text }) => {
  it('keeps to its bounds, its default included', () => {
    const { accepted, refused } = BOUNDS[env] ?? { accepted: [], refused: [] };
    const isAccepted = (value: unknown) => kind.schema.safeParse(value).success;
    expect([text, ...accepted].filter((value) => value !== undefined && !isAccepted(value))).toEqual([]);
    expect(refused.filter(isAccepted)).toEqual([]);
  });
});

it('METRICS_RETRY_AFTER is rounded up to whole seconds', () => {
  const retryAfter = allSettings.find(({ env }) => env === 'METRICS_RETRY_AFTER');
  expect(retryAfter?.kind.schema.parse('1500ms')).toBe(2_000);
});
