import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { NotFound, type InvalidRequest } from '../../common/domain-error.js';
import { InvalidMatcher, matchesAll, type Matcher } from '../../common/matcher.js';
import { parseSelector } from '../../common/selector.js';
import { InventoryCache } from '../../pods/cache/inventory-cache.service.js';
import { SERIES_SINKS } from '../forwarder/forwarder.service.js';
import type { SeriesSink } from '../forwarder/series-sink.js';
import { FederationStore } from '../federation-store.js';
import { EnrichmentEngine } from '../ingest/enrichment-engine.js';
import { readLabelBlock, writeLabelBlock, type InvalidLabels } from '../ingest/label-block.js';
import type { ActiveMetricsDto, ActiveMetricsQueryDto } from './active-metrics.dto.js';
import { explain } from './explain.js';
import type { ExplainRequestDto, ExplanationDto } from './explanation.dto.js';
import { toExposition } from './exposition.js';
import { fieldError } from './field-error.js';

/** Length of the window of metric activity, s. */
const WINDOW_SECONDS = 300;

/** Answers questions about what the metrics path does. */
@Injectable()
export class MetricsInsight {
  constructor(
    private readonly engine: EnrichmentEngine,
    private readonly inventory: InventoryCache,
    @Inject(SERIES_SINKS) private readonly sinks: readonly SeriesSink[],
    private readonly clock: Clock,
  ) {}

  /** @throws InvalidRequest when the labels could not be those of a series */
  explain(request: ExplainRequestDto): ExplanationDto {
    const labels = Object.entries(request.labels).map(([name, value]) => ({ name, value: asText(name, value) }));
    const block = writeLabelBlock(labels);
    const { decisions } = this.engine;
    const checked = readLabelBlock(block, 0, block.length, decisions.limits);
    if ('invalid' in checked) throw invalidLabels(request.labels, checked);
    const timestamp = request.timestamp === undefined ? this.clock.now() : asTime(request.timestamp);
    return explain({ labels: checked.labels, timestamp, value: request.value }, this.inventory.view(), decisions.rules);
  }

  active({ name, outcome, offset, limit }: ActiveMetricsQueryDto): ActiveMetricsDto {
    const all = [...this.engine.activities.seen()]
      .filter((activity) => name === undefined || activity.name.includes(name))
      .map((activity) => ({ name: activity.name, outcomes: activity.totals() }))
      .filter(({ outcomes }) => outcome === undefined || outcomes[outcome] !== undefined)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const metrics = all.slice(offset, offset + limit).map((metric) => ({
      ...metric,
      samples: Object.values(metric.outcomes).reduce((sum, count) => sum + count, 0),
    }));
    return { window_seconds: WINDOW_SECONDS, total: all.length, metrics };
  }

  /**
   * The newest sample of each enriched series that fits any of the selectors (all without one), as text exposition.
   * @throws NotFound when a storage is configured, InvalidRequest for a selector that cannot be read
   */
  federate(selectors: readonly string[]): string {
    const store = this.sinks.find((sink) => sink instanceof FederationStore);
    if (store === undefined) {
      throw new NotFound(
        'samples are kept in memory only while STORAGE_REMOTE_WRITE_URL is not set; query the storage instead',
      );
    }
    const wanted = selectors.map(parse);
    const samples = store.read().filter(({ labels }) => {
      const values = new Map(labels.map((label) => [label.name, label.value]));
      return wanted.length === 0 || wanted.some((matchers) => matchesAll(matchers, (label) => values.get(label)));
    });
    return toExposition(samples);
  }
}

function parse(selector: string): Matcher[] {
  try {
    return parseSelector(selector);
  } catch (error) {
    if (error instanceof InvalidMatcher) throw fieldError('match[]', error.message, selector);
    throw error;
  }
}

/** Names the label where one is to blame; a limit's error tells what was counted, any other shows the labels. */
function invalidLabels(
  labels: Readonly<Record<string, unknown>>,
  { invalid, label, received, limit }: InvalidLabels,
): InvalidRequest {
  const field = label === undefined ? 'labels' : `labels.${label}`;
  return fieldError(field, invalid, received ?? JSON.stringify(labels), limit);
}

function asText(name: string, value: unknown): string {
  if (typeof value === 'string') return value;
  throw fieldError(`labels.${name}`, 'must be a string', value);
}

function asTime(value: number | string): number {
  const ms = typeof value === 'number' ? value : Date.parse(value);
  // The range of a Date: beyond it no answer could show the time.
  if (Number.isFinite(ms) && Math.abs(ms) <= 8.64e15) return Math.trunc(ms);
  throw fieldError('timestamp', 'must be milliseconds since the epoch or an ISO 8601 time', value);
}
