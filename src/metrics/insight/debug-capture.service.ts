import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { formatDuration, parseDuration } from '../../common/duration.js';
import { METRIC_NAME } from '../../common/label-set.js';
import { compileMatcher, InvalidMatcher, matchesAll, type Matcher } from '../../common/matcher.js';
import { parseSelector } from '../../common/selector.js';
import { METRICS_CONFIG, type MetricsConfig } from '../../config/metrics.config.js';
import { InventoryCache } from '../../pods/cache/inventory-cache.service.js';
import { OUTCOMES } from '../core/outcome.js';
import { EnrichmentEngine } from '../ingest/enrichment-engine.js';
import type { CapturedSeries, SeriesCapture } from '../ingest/series-decisions.js';
import type { DebugConfigDto, DebugRecordDto, DebugStateDto } from './debug-capture.dto.js';
import { explain } from './explain.js';
import { fieldError } from './field-error.js';

interface Capture extends SeriesCapture {
  readonly config: DebugConfigDto;
  readonly maxRecords: number;
  /** ms */
  readonly endsAt: number;
  readonly ring: DebugRecordDto[];
  seen: number;
}

/** Watches decisions about chosen series on this replica and keeps the newest of them, with their reasons, for a limited time. */
@Injectable()
export class DebugCapture {
  private lastId = 0;
  private capture: Capture | undefined;

  constructor(
    private readonly engine: EnrichmentEngine,
    private readonly inventory: InventoryCache,
    private readonly clock: Clock,
    @Inject(METRICS_CONFIG) private readonly config: MetricsConfig,
  ) {}

  /** Starts a capture in place of the one before. @throws InvalidRequest */
  start(config: DebugConfigDto): DebugStateDto {
    const matchers = compile(config);
    const maxRecords = this.bounded(
      'max_records',
      config.max_records ?? this.config.debugMaxRecords,
      this.config.debugMaxRecords,
    );
    const capture: Capture = {
      id: ++this.lastId,
      config,
      maxRecords,
      endsAt: this.clock.now() + this.duration(config.duration),
      ring: [],
      seen: 0,
      matches: (labels) => {
        const values = new Map(labels.map(({ name, value }) => [name, value]));
        return matchesAll(matchers, (name) => values.get(name));
      },
      record: (series) => {
        this.record(capture, series);
      },
    };
    this.capture = capture;
    this.engine.decisions.capture = capture;
    return this.state();
  }

  /** Ends the capture; its records stay to be read. */
  stop(): DebugStateDto {
    this.engine.decisions.capture = undefined;
    return this.state();
  }

  state(): DebugStateDto {
    const { capture } = this;
    this.endIfDue();
    return {
      enabled: this.engine.decisions.capture !== undefined,
      metric_pattern: capture?.config.metric_pattern ?? null,
      selectors: capture?.config.selectors ?? [],
      max_records: capture?.maxRecords ?? this.config.debugMaxRecords,
      ends_at: capture === undefined ? null : new Date(capture.endsAt).toISOString(),
      records: capture?.ring.length ?? 0,
      seen: capture?.seen ?? 0,
    };
  }

  /** Captured decisions, the newest first. */
  records(): DebugRecordDto[] {
    return [...(this.capture?.ring ?? [])].reverse();
  }

  clear(): void {
    if (this.capture !== undefined) this.capture.ring.length = 0;
  }

  private record(capture: Capture, { labels, timestamp, outcome, value }: CapturedSeries): void {
    if (this.endIfDue()) return;
    capture.seen++;
    const now = this.clock.now();
    const sample = { labels, timestamp, value, outcome: OUTCOMES[outcome] };
    capture.ring.push({
      at: new Date(now).toISOString(),
      labels: Object.fromEntries(labels.map((label) => [label.name, label.value])),
      value: value !== undefined && Number.isFinite(value) ? value : null,
      decision: explain(sample, this.inventory.view(), this.engine.decisions.rules),
    });
    if (capture.ring.length > capture.maxRecords) capture.ring.shift();
  }

  private endIfDue(): boolean {
    if (this.capture === undefined || this.clock.now() < this.capture.endsAt) return false;
    this.engine.decisions.capture = undefined;
    return true;
  }

  private duration(text: string | undefined): number {
    const limit = this.config.debugMaxDuration;
    if (text === undefined) return limit;
    const duration = parseDuration(text);
    if (duration === undefined || duration === 0) throw fieldError('duration', 'must be a duration such as 5m', text);
    if (duration > limit)
      throw fieldError('duration', 'must not exceed METRICS_DEBUG_MAX_DURATION', text, formatDuration(limit));
    return duration;
  }

  private bounded(field: string, value: number, limit: number): number {
    if (value > limit) throw fieldError(field, 'must not exceed METRICS_DEBUG_MAX_RECORDS', value, limit);
    return value;
  }
}

function compile({ metric_pattern: pattern, selectors = [] }: DebugConfigDto): Matcher[] {
  const matchers =
    pattern === undefined ? [] : attempt('metric_pattern', pattern, () => [compileMatcher(METRIC_NAME, '=~', pattern)]);
  return matchers.concat(
    selectors.flatMap((selector, i) => attempt(`selectors[${i}]`, selector, () => parseSelector(selector))),
  );
}

function attempt(field: string, value: string, work: () => Matcher[]): Matcher[] {
  try {
    return work();
  } catch (error) {
    if (error instanceof InvalidMatcher) throw fieldError(field, error.message, value);
    throw error;
  }
}
