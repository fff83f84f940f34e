import type { DeviceClass } from '../../pods/core/inventory-rows.js';

/** How one class of devices is recognised in series. */
export interface DeviceRule {
  readonly deviceClass: DeviceClass;
  /** Labels that carry the device's key, in order of preference. */
  readonly labels: readonly string[];
  /** Prefixes of metric names that speak of such devices. */
  readonly families: readonly string[];
  /** Labels that name the device by UUID or serial number; they win over keys, which change when a driver restarts. */
  readonly uuidLabels: readonly string[];
}

/** What enrichment goes by; made from the configuration once. */
export interface EnrichmentRules {
  /** Labels that name the node, in order of preference; an address may carry a port. */
  readonly nodeLabels: readonly string[];
  readonly devices: readonly DeviceRule[];
  /** Labels that name the scraped exporter's own pod. */
  readonly exporterPodLabels: readonly string[];
  /** How long after its end (ms) a pod or binding still counts. */
  readonly graceMs: number;
  readonly maxWorkloadsPerPod: number;
  /** Prepended to metric names, e.g. `workload_`. */
  readonly namePrefix: string;
  /** Value of the label `job` of emitted series. */
  readonly job: string;
  /** Whether series that belong to nobody are forwarded untouched. */
  readonly forwardUnmatched: boolean;
  /** Whether labels that name the holder of a device teach who holds it. */
  readonly learnDevices: boolean;
}
