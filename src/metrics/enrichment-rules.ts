import type { MetricsConfig } from '../config/metrics.config.js';
import type { EnrichmentRules } from './core/enrichment-rules.js';

/** Labels by which GPU exporters give a device's UUID or serial number: dcgm-exporter's and AMD's spellings. */
const GPU_UUID_LABELS = ['UUID', 'uuid', 'gpu_uuid', 'serial_number'];

/** What enrichment goes by, from the configuration. */
export function enrichmentRules(config: MetricsConfig, graceMs: number): EnrichmentRules {
  return {
    nodeLabels: config.nodeLabels,
    devices: [
      { deviceClass: 'gpu', labels: config.gpuLabels, families: config.gpuFamilies, uuidLabels: GPU_UUID_LABELS },
      { deviceClass: 'rdma', labels: config.rdmaLabels, families: config.rdmaFamilies, uuidLabels: [] },
      { deviceClass: 'asic', labels: config.asicLabels, families: config.asicFamilies, uuidLabels: [] },
    ],
    exporterPodLabels: config.exporterPodLabels,
    graceMs,
    maxWorkloadsPerPod: config.maxWorkloadsPerPod,
    namePrefix: config.namePrefix,
    job: config.jobLabel,
    forwardUnmatched: config.unmatched === 'forward',
    learnDevices: config.learnDevices === 'true',
  };
}
