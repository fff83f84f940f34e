import { DEVICE_LABEL, type DeviceClass } from '../../pods/core/inventory-rows.js';
import type { EnrichmentRules } from './enrichment-rules.js';
import type { SeriesLabels } from './series-labels.js';

/** The device a series speaks of. */
export interface SeriesDevice {
  readonly deviceClass: DeviceClass;
  readonly key: string | undefined;
  readonly uuid: string | undefined;
  /**
   * Whether the metric's family says so. Otherwise only a label does, and a label's name alone proves nothing
   * (`device` names disks and network interfaces too): then the inventory must know such a device, and pod labels go first.
   */
  readonly certain: boolean;
  /** Whether the metric's family says so, which is the exporters' word; a label may also be an application's. */
  readonly byFamily: boolean;
}

/** Families that use device-like labels for other things: disks, interfaces, file systems, containers. */
const FOREIGN_FAMILIES = ['node_', 'container_', 'kube_', 'kubelet_', 'process_', 'go_', 'scrape_'];

/** Labels no other kind of thing is named by, so they are as good as a family. */
const TELLING_LABELS = new Set([DEVICE_LABEL.gpu, DEVICE_LABEL.asic]);

/** Recognises the device of a series by metric family first, by label second. */
export function deviceOf(labels: SeriesLabels, rules: EnrichmentRules): SeriesDevice | undefined {
  const metric = labels.metricName;
  for (const { deviceClass, labels: names, families, uuidLabels } of rules.devices) {
    if (!startsWithAny(metric, families)) continue;
    const key = labels.first(names)?.value;
    const uuid = labels.first(uuidLabels)?.value;
    if (key !== undefined || uuid !== undefined) return { deviceClass, key, uuid, certain: true, byFamily: true };
  }
  if (startsWithAny(metric, FOREIGN_FAMILIES)) return undefined;
  for (const { deviceClass, labels: names, uuidLabels } of rules.devices) {
    const label = labels.first(names);
    if (label === undefined) continue;
    const uuid = labels.first(uuidLabels)?.value;
    return { deviceClass, key: label.value, uuid, certain: TELLING_LABELS.has(label.name), byFamily: false };
  }
  return undefined;
}

function startsWithAny(text: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => text.startsWith(prefix));
}
