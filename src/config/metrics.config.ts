import { optionalSetting, setting, type ValuesOf } from './setting.js';
import { storageEndpoints, storageUrls, type StorageEndpointConfig } from './storage-endpoint.js';
import { byteSize, choice, duration, integer, list, text, textMatching } from './values.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const KIB = 1_024;
const MIB = 1_024 ** 2;
const GIB = 1_024 ** 3;

const METRIC_NAME = /^[A-Za-z_:][A-Za-z0-9_:]*$/;
const LABEL_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Injection token of {@link MetricsConfig}. */
export const METRICS_CONFIG = Symbol('METRICS_CONFIG');

const storageSettings = {
  remoteWriteUrls: optionalSetting('STORAGE_REMOTE_WRITE_URL', storageUrls(), {
    description:
      'Storages that get the series. Without any storage the newest samples are kept in memory for `/v1/metrics/federate`.',
    secret: true,
  }),
  remoteWriteEndpoints: optionalSetting('STORAGE_REMOTE_WRITE_ENDPOINTS', storageEndpoints(), {
    description: 'Further storages, with credentials, headers and TLS.',
    secret: true,
  }),
  pushTimeout: setting('METRICS_PUSH_TIMEOUT', duration(100, 5 * MINUTE), '4s', {
    description: 'Longest wait for the answer of a storage; shorter than what senders wait for ours.',
  }),
  retryAfter: setting('METRICS_RETRY_AFTER', roundedUpToSeconds(), '5s', {
    description: '`Retry-After` of the answers that ask a sender to try again, rounded up to whole seconds.',
  }),
  repeated500Attempts: setting('METRICS_REPEATED_500_ATTEMPTS', integer(1, 100), '3', {
    description:
      'How often the same request may fail with a storage that answers 500 before the request is taken for the cause.',
  }),
};

const limitSettings = {
  maxCompressedBytes: setting('METRICS_MAX_COMPRESSED_BYTES', byteSize(KIB, GIB), '16MiB', {
    description: 'Largest remote-write body as sent.',
  }),
  maxDecompressedBytes: setting('METRICS_MAX_DECOMPRESSED_BYTES', byteSize(KIB, GIB), '32MiB', {
    description: 'Largest remote-write body after decompression.',
  }),
  maxSeriesPerRequest: setting('METRICS_MAX_SERIES_PER_REQUEST', integer(1, 10_000_000), '50000', {
    description: 'Most series in a request.',
  }),
  maxLabelsPerSeries: setting('METRICS_MAX_LABELS_PER_SERIES', integer(2, 10_000), '100', {
    description: 'Most labels of a series.',
  }),
  maxLabelNameBytes: setting('METRICS_MAX_LABEL_NAME_BYTES', byteSize(16, 64 * KIB), '1024', {
    description: 'Longest label name.',
  }),
  maxLabelValueBytes: setting('METRICS_MAX_LABEL_VALUE_BYTES', byteSize(16, 16 * MIB), '16KiB', {
    description: 'Longest label value.',
  }),
  maxInFlightBytes: setting('METRICS_MAX_IN_FLIGHT_BYTES', byteSize(MIB, 64 * GIB), '256MiB', {
    description: 'Most memory of all requests in work; further ones are asked to try again.',
  }),
  maxWorkloadsPerPod: setting('METRICS_MAX_WORKLOADS_PER_POD', integer(1, 1_000), '16', {
    description: 'Most workloads that one sample is given to.',
  }),
  seriesCacheBytes: setting('METRICS_SERIES_CACHE_BYTES', byteSize(8 * MIB, 256 * GIB), '512MiB', {
    description: 'Most memory of the cache of series and their workload labels.',
  }),
  seriesCacheRotation: setting('METRICS_SERIES_CACHE_ROTATION', duration(SECOND, 24 * HOUR), '10m', {
    description: 'A series not seen for one to two such periods leaves the cache.',
  }),
};

const enrichmentSettings = {
  namePrefix: setting('METRICS_NAME_PREFIX', textMatching(METRIC_NAME, 'the beginning of a metric name'), 'workload_', {
    description: 'Put before the name of a series that is given to a workload.',
  }),
  jobLabel: setting('METRICS_JOB_LABEL', text(256), 'primus-lens-telemetry-processor', {
    description: 'Value of the `job` label of such series.',
  }),
  unmatched: setting('METRICS_UNMATCHED', choice('drop', 'forward'), 'drop', {
    description: 'What happens to series that belong to no workload.',
  }),
  nodeLabels: setting(
    'METRICS_NODE_LABELS',
    list(LABEL_NAME, 'label names'),
    'primus_lens_node_name,node,node_name,kubernetes_node,hostname,Hostname,nic_hostname,exported_node,instance',
    { description: 'Labels that may name the node, the first present wins.' },
  ),
  gpuLabels: setting('METRICS_GPU_LABELS', list(LABEL_NAME, 'label names'), 'gpu_id,gpu,GPU', {
    description: 'Labels that may name the GPU, the first present wins.',
  }),
  rdmaLabels: setting('METRICS_RDMA_LABELS', list(LABEL_NAME, 'label names'), 'device,rdma_if_name,rdma_dev_name', {
    description: 'Labels that may name the RDMA device, the first present wins.',
  }),
  asicLabels: setting('METRICS_ASIC_LABELS', list(LABEL_NAME, 'label names'), 'asic', {
    description: 'Labels that may name another accelerator, the first present wins.',
  }),
  gpuFamilies: setting(
    'METRICS_GPU_FAMILIES',
    list(METRIC_NAME, 'beginnings of metric names'),
    'gpu_,amd_gpu_,amd_,DCGM_,nvidia_,rocm_',
    { description: 'Metrics about GPUs.' },
  ),
  rdmaFamilies: setting(
    'METRICS_RDMA_FAMILIES',
    list(METRIC_NAME, 'beginnings of metric names'),
    'node_infiniband_,infiniband_,rdma_,ib_',
    { description: 'Metrics about RDMA devices.' },
  ),
  asicFamilies: setting(
    'METRICS_ASIC_FAMILIES',
    list(METRIC_NAME, 'beginnings of metric names'),
    'asic_,gaudi_,habanalabs_',
    {
      description: 'Metrics about other accelerators.',
    },
  ),
  exporterPodLabels: setting(
    'METRICS_EXPORTER_POD_LABELS',
    list(LABEL_NAME, 'label names'),
    'primus_lens_source_pod_name',
    {
      description: "Labels that name the exporter's own pod, which is not the pod that uses the device.",
    },
  ),
};

const learningSettings = {
  learnDevices: setting('METRICS_LEARN_DEVICES', choice('true', 'false'), 'true', {
    description:
      'Whether the pods that exporters name as holders of devices become known as such, for series of the same device that name none.',
  }),
  learnedDeviceExpiry: setting('METRICS_LEARNED_DEVICE_EXPIRY', duration(10 * SECOND, 24 * HOUR), '5m', {
    description: 'Time after which a pod no longer named as the holder of a device has given it up.',
  }),
  learnedDevicesMax: setting('METRICS_LEARNED_DEVICES_MAX', integer(0, 10_000_000), '100000', {
    description: 'Most pairs of a device and a pod that are watched for this.',
  }),
};

const readingSettings = {
  federateMaxSeries: setting('METRICS_FEDERATE_MAX_SERIES', integer(1, 10_000_000), '100000', {
    description: 'Most series kept in memory for `/v1/metrics/federate`.',
  }),
  federateWindow: setting('METRICS_FEDERATE_WINDOW', duration(SECOND, 24 * HOUR), '5m', {
    description: 'Age after which a series leaves `/v1/metrics/federate`.',
  }),
  activeMaxNames: setting('METRICS_ACTIVE_MAX_NAMES', integer(1, 1_000_000), '10000', {
    description: 'Most metric names remembered for `/v1/metrics/active`.',
  }),
  debugMaxRecords: setting('METRICS_DEBUG_MAX_RECORDS', integer(1, 100_000), '1000', {
    description: 'Most series kept by a debug capture.',
  }),
  debugMaxDuration: setting('METRICS_DEBUG_MAX_DURATION', duration(SECOND, 24 * HOUR), '10m', {
    description: 'Longest debug capture.',
  }),
};

/** The metrics path: storages, limits, enrichment and what can be read back. */
export const metricsSettings = {
  ...storageSettings,
  ...limitSettings,
  ...enrichmentSettings,
  ...learningSettings,
  ...readingSettings,
};

/** The settings as given, with all storages in one list. Durations are in milliseconds, sizes in bytes. */
export interface MetricsConfig extends Omit<
  ValuesOf<typeof metricsSettings>,
  'remoteWriteUrls' | 'remoteWriteEndpoints'
> {
  readonly endpoints: readonly StorageEndpointConfig[];
}

function roundedUpToSeconds() {
  const { schema, allowed } = duration(1, MINUTE);
  return { schema: schema.transform((ms) => Math.ceil(ms / SECOND) * SECOND), allowed };
}
