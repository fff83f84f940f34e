import type { DeviceHolding, InventoryView, PodRef } from '../../pods/core/inventory-view.js';
import type { StampReads } from '../../pods/core/stamps.js';
import { deviceOf, type SeriesDevice } from './device-series.js';
import type { EnrichmentRules } from './enrichment-rules.js';
import type { Outcome } from './outcome.js';
import { resolveHolders, resolveIdentified, resolveNamed, type Resolution } from './resolve-holder.js';
import { isDaemon, isScrapeTarget, nodeOf } from './scraped-from.js';
import type { SeriesLabels } from './series-labels.js';
import type { Validity } from './validity.js';

/** The rule that found a series' pods, in order of precedence. */
export type Rule = 'exported_pod' | 'device_uuid' | 'device' | 'pod_uid' | 'pod' | 'pod_name_only';

/** The pods a series belongs to and how they were found. */
export interface Owner {
  readonly rule: Rule;
  readonly pods: readonly PodRef[];
  /** When the binding ended (ms), if only the grace period keeps it. */
  readonly endedAt: number | undefined;
}

/** One step on the way to an owner: which rule was tried with what, and what came of it. */
export interface Step {
  readonly rule: Rule | 'node';
  readonly tried: string;
  readonly result: string;
}

/** What a search works with. `steps` is filled only when somebody wants to read it. */
export interface Search {
  readonly labels: SeriesLabels;
  readonly view: InventoryView;
  readonly rules: EnrichmentRules;
  readonly validity: Validity;
  readonly reads: StampReads;
  readonly steps: Step[] | undefined;
}

const LEARNED = true;

/** Reasons from the vaguest to the most telling; a search that fails reports the most telling one it met. */
const REASONS = [
  'unmatched',
  'no_node',
  'no_pod',
  'no_device',
  'ambiguous',
  'expired',
] as const satisfies readonly Outcome[];
export type NotFoundReason = (typeof REASONS)[number];

/** Finds whom a series belongs to, by the order of rules that the design lays down: explicit, device, pod. */
export function findOwner(search: Search): Owner | NotFoundReason {
  return new OwnerSearch(search).run();
}

class OwnerSearch {
  private reason: NotFoundReason = 'unmatched';

  constructor(private readonly search: Search) {}

  run(): Owner | NotFoundReason {
    const device = deviceOf(this.search.labels, this.search.rules);
    const owner =
      this.byExportedPod() ??
      (device?.certain === true
        ? (this.byDevice(device) ?? this.byPod(device) ?? this.byDevice(device, LEARNED))
        : (this.byPod(undefined) ?? this.byKnownDevice(device)));
    return owner ?? this.reason;
  }

  private byExportedPod(): Owner | undefined {
    const { labels, view, reads } = this.search;
    const name = labels.get('exported_pod');
    const namespace = labels.get('exported_namespace');
    if (name === undefined || namespace === undefined) return undefined;
    return this.named('exported_pod', `${namespace}/${name}`, view.podsByName(namespace, name, reads));
  }

  /** A device known by its label only counts where the inventory has it. */
  private byKnownDevice(device: SeriesDevice | undefined): Owner | undefined {
    if (device === undefined) return undefined;
    const node = this.node();
    if (node === undefined || !this.search.view.hasDevices(node, device.deviceClass, this.search.reads))
      return undefined;
    return this.byDevice(device) ?? this.byDevice(device, LEARNED);
  }

  /** What was learned from labels counts less than the labels of the series themselves, so it has a turn of its own. */
  private byDevice(device: SeriesDevice, learned = false): Owner | undefined {
    const { view, reads } = this.search;
    const node = this.node();
    if (node === undefined) {
      this.fail('no_node');
      return undefined;
    }
    const { deviceClass, key, uuid } = device;
    if (uuid !== undefined) {
      const known = view
        .holdingsByUuid(node, deviceClass, uuid, reads)
        .filter((holding) => holding.learned === learned);
      const holdings = sameDevice(known, key);
      if (holdings.length > 0) return this.holders('device_uuid', `${deviceClass} ${uuid} of ${node}`, holdings);
    }
    if (key === undefined) {
      this.fail('no_device');
      return undefined;
    }
    const known = view.holdings(node, deviceClass, key, reads).filter((holding) => holding.learned === learned);
    if (learned && known.length === 0) return undefined;
    return this.holders('device', `${deviceClass} ${key} of ${node}`, known);
  }

  private byPod(device: SeriesDevice | undefined): Owner | undefined {
    const identified = this.byPodUid(device);
    if (identified === 'ended') return undefined;
    return identified ?? this.byQualifiedName(device) ?? this.byBareName(device);
  }

  /** A pod known by its UID that has ended says `ended`: its name would lead to a successor of the same name. */
  private byPodUid(device: SeriesDevice | undefined): Owner | 'ended' | undefined {
    const { labels, view, reads, validity, rules } = this.search;
    for (const label of ['pod_uid', 'uid', 'pod_uuid']) {
      const uid = labels.get(label);
      const pod = uid === undefined ? undefined : view.podByUid(uid, reads);
      if (uid === undefined) continue;
      if (pod === undefined) this.note('pod_uid', uid, 'no_pod');
      else if (this.mayOwn(pod, device))
        return this.accept('pod_uid', uid, resolveIdentified(pod, validity, rules.graceMs)) ?? 'ended';
    }
    return undefined;
  }

  private byQualifiedName(device: SeriesDevice | undefined): Owner | undefined {
    const { labels, view, reads } = this.search;
    for (const [podLabel, namespaceLabel] of [
      ['pod', 'namespace'],
      ['pod_name', 'pod_namespace'],
      ['pod_name', 'namespace'],
    ] as const) {
      const name = labels.get(podLabel);
      const namespace = labels.get(namespaceLabel);
      if (name === undefined || namespace === undefined || this.namesScrapeTarget(podLabel)) continue;
      const pods = view.podsByName(namespace, name, reads).filter((pod) => this.mayOwn(pod, device));
      const owner = this.named('pod', `${namespace}/${name}`, pods);
      if (owner !== undefined) return owner;
    }
    return undefined;
  }

  private byBareName(device: SeriesDevice | undefined): Owner | undefined {
    const { labels, view, reads } = this.search;
    for (const [podLabel, namespaceLabels] of [
      ['exported_pod', ['exported_namespace']],
      ['pod', ['namespace']],
      ['pod_name', ['pod_namespace', 'namespace']],
    ] as const) {
      const name = labels.get(podLabel);
      if (name === undefined || labels.first(namespaceLabels) !== undefined || this.namesScrapeTarget(podLabel))
        continue;
      const pods = view
        .podsByBareName(name, reads)
        .filter((pod) => podLabel === 'exported_pod' || this.mayOwn(pod, device));
      const owner = this.named('pod_name_only', name, pods);
      if (owner !== undefined) return owner;
    }
    return undefined;
  }

  /** Where the exporter's own `pod` label was renamed to `exported_pod`, `pod` is the scraped exporter. (Prometheus, honor_labels) */
  private namesScrapeTarget(podLabel: string): boolean {
    return podLabel === 'pod' && this.search.labels.get('exported_pod') !== undefined;
  }

  /**
   * Whether a pod named by plain labels may be the holder of the series' device. An exporter scraped through Kubernetes
   * often has its own name there, so a pod that is recognisably the exporter, or that holds nothing although the node's
   * devices are known, is not believed.
   */
  private mayOwn(pod: PodRef, device: SeriesDevice | undefined): boolean {
    if (device === undefined) return true;
    const { labels, rules, view, reads } = this.search;
    const scraped = labels.first(['exported_pod', 'exported_namespace', 'exported_container']) !== undefined;
    const declared = labels.first(rules.exporterPodLabels)?.value === pod.name;
    const ownsDevice = view.ownsDevice(pod.uid, reads);
    const isExporter = scraped || declared || (!ownsDevice && (isScrapeTarget(pod, this.search) || isDaemon(pod)));
    const node = this.node() ?? pod.nodeName;
    const idle = !ownsDevice && node !== null && view.hasVouchedDevices(node, device.deviceClass, reads);
    if (isExporter || idle) this.note('pod', pod.name, 'no_device');
    return !isExporter && !idle;
  }

  private node(): string | undefined {
    return nodeOf(this.search, (label, node) => {
      this.search.steps?.push({
        rule: 'node',
        tried: `${label.name}=${label.value}`,
        result: node ?? 'unknown node',
      });
    });
  }

  private named(rule: Rule, tried: string, pods: readonly PodRef[]): Owner | undefined {
    return this.accept(rule, tried, resolveNamed(pods, this.search.validity, this.search.rules.graceMs));
  }

  private holders(rule: Rule, tried: string, holdings: readonly DeviceHolding[]): Owner | undefined {
    const learned = holdings[0]?.learned === true ? " (learned from exporters' labels)" : '';
    return this.accept(
      rule,
      tried + learned,
      resolveHolders(holdings, this.search.validity, this.search.rules.graceMs),
    );
  }

  private accept(rule: Rule, tried: string, resolution: Resolution): Owner | undefined {
    if ('reason' in resolution) {
      this.note(rule, tried, resolution.reason);
      return undefined;
    }
    const { pods, endedAt } = resolution;
    const result = pods.map((pod) => `${pod.namespace}/${pod.name}`).join(', ');
    this.search.steps?.push({
      rule,
      tried,
      result: endedAt === undefined ? result : `${result} (within the grace period)`,
    });
    return { rule, pods, endedAt };
  }

  private note(rule: Rule, tried: string, reason: NotFoundReason): void {
    this.search.steps?.push({ rule, tried, result: reason });
    this.fail(reason);
  }

  private fail(reason: NotFoundReason): void {
    if (REASONS.indexOf(reason) > REASONS.indexOf(this.reason)) this.reason = reason;
  }
}

/**
 * The holdings that can be meant by a UUID or serial number together with a key. Partitions of one GPU share its serial
 * number: then the key decides; when it fits none and they differ, nothing does.
 */
function sameDevice(holdings: readonly DeviceHolding[], key: string | undefined): readonly DeviceHolding[] {
  const fitting = holdings.filter((holding) => holding.key === key);
  if (fitting.length > 0) return fitting;
  return holdings.every((holding) => holding.key === holdings[0]?.key) ? holdings : [];
}
