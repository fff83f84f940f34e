import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { METRICS_CONFIG, type MetricsConfig } from '../../config/metrics.config.js';
import { snappyUncompress } from '../../wire/snappy.js';
import { MetricsSelfMetrics } from '../self-metrics.js';
import { bisect, type DeliveryResult } from './delivery.js';
import { DeliveryProgress, digestOf } from './delivery-progress.js';
import { newEndpointState, type EndpointState } from './endpoint-state.js';
import type { SeriesSink } from './series-sink.js';

/** Injection token of the sinks, in the order of the configuration. */
export const SERIES_SINKS = Symbol('SERIES_SINKS');

/** What came of handing a request to every storage. `rejected` counts samples refused alone, by the strictest storage. */
export type ForwardResult =
  | {
      readonly accepted: true;
      readonly rejected: number;
      /** Whether every storage took the request at once, so that nobody can be reading it any more. */
      readonly readInFull: boolean;
    }
  | { readonly accepted: false; readonly detail: string };

/** Tells whether a storage is known to have the one sample that a request holds. */
export type StoredCheck = (request: Buffer) => boolean;

/** Largest request a storage might send on: decompressing our own output needs no limit of the outside's. */
const OWN_REQUEST_LIMIT = 2 ** 31;

/**
 * Hands requests to every configured storage. Each must accept before the sender is told that its samples are safe; what
 * some have accepted while others have not is remembered, so that the sender's repetition goes to the others only.
 */
@Injectable()
export class MetricsForwarder implements OnApplicationShutdown {
  private readonly logger = new Logger(MetricsForwarder.name);
  private readonly progress = new DeliveryProgress();
  readonly states: readonly EndpointState[];

  constructor(
    @Inject(SERIES_SINKS) private readonly sinks: readonly SeriesSink[],
    @Inject(METRICS_CONFIG) private readonly config: MetricsConfig,
    private readonly clock: Clock,
    private readonly metrics: MetricsSelfMetrics,
  ) {
    this.states = distinctNames(sinks).map(newEndpointState);
  }

  /**
   * Forwards one request until the signal, by default within the push timeout.
   * @param compressed a WriteRequest of 1.0 as a snappy block; not to be written to until the result says that nobody can be
   *   reading it any more
   */
  async forward(compressed: Buffer, isStored: StoredCheck, signal = this.deadline()): Promise<ForwardResult> {
    const digest = this.progress.isEmpty ? undefined : contentDigest(compressed);
    const results = await Promise.all(
      this.sinks.map((sink, i) => {
        const state = this.states[i] ?? newEndpointState(sink.name);
        return this.deliver(sink, state, { compressed, digest, signal, isStored });
      }),
    );
    return this.conclude(compressed, results);
  }

  /** Ends the wait for storages after the push timeout; one for all parts of what a sender waits for. */
  deadline(): AbortSignal {
    return AbortSignal.timeout(this.config.pushTimeout);
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.sinks.map((sink) => sink.close()));
  }

  private async deliver(sink: SeriesSink, state: EndpointState, work: Work): Promise<DeliveryResult> {
    const known = work.digest === undefined ? undefined : this.progress.find(work.digest, state.name);
    if (known?.done === true) return { delivered: true, rejected: 0 };
    const stop = this.metrics.pushSeconds.startTimer({ endpoint: state.name });
    const pushed = await sink.push(work.compressed, work.signal);
    stop();
    this.metrics.pushes.inc({ endpoint: state.name, result: pushed.kind });
    if (pushed.kind === 'accepted') return this.note(state, { delivered: true, rejected: 0, atOnce: true });
    if (pushed.kind === 'unavailable') return this.note(state, { delivered: false, detail: pushed.detail });
    const progress = this.progress.of(work.digest ?? contentDigest(work.compressed), state.name, this.clock.now());
    if (pushed.kind === 'failed' && ++progress.failures < this.config.repeated500Attempts) {
      return this.note(state, { delivered: false, detail: pushed.detail });
    }
    const result = await bisect(snappyUncompress(work.compressed, OWN_REQUEST_LIMIT, 'own request'), {
      sink,
      progress,
      signal: work.signal,
      isStored: work.isStored,
      onRejected: (_request, detail) => {
        this.logger.warn({ endpoint: state.name, detail }, 'storage refused a sample');
      },
    });
    return this.note(state, result);
  }

  /** Records the delivery in the storage's state, in metrics and, at changes, in the log. */
  private note(state: EndpointState, result: DeliveryResult): DeliveryResult {
    const now = this.clock.now();
    const wasUp = state.up;
    state.up = result.delivered;
    this.metrics.storageUp.set({ endpoint: state.name }, result.delivered ? 1 : 0);
    if (result.delivered) {
      state.lastAcceptedAt = now;
      state.consecutiveFailures = 0;
      state.rejectedSamples += result.rejected;
      if (result.rejected > 0) this.metrics.rejected.inc({ endpoint: state.name }, result.rejected);
      if (!wasUp) this.logger.log({ endpoint: state.name }, 'storage accepts again');
      return result;
    }
    state.lastFailureAt = now;
    state.lastFailure = result.detail;
    state.consecutiveFailures++;
    if (wasUp)
      this.logger.warn(
        { endpoint: state.name, detail: result.detail },
        'storage does not accept; senders are asked to retry',
      );
    return result;
  }

  private conclude(compressed: Buffer, results: readonly DeliveryResult[]): ForwardResult {
    const failed = results.flatMap((result) => (result.delivered ? [] : [result.detail]));
    if (failed.length === 0) {
      if (!this.progress.isEmpty) this.progress.delete(contentDigest(compressed));
      const rejected = results.map((result) => (result.delivered ? result.rejected : 0));
      const readInFull = results.every((result) => result.delivered && result.atOnce === true);
      return { accepted: true, rejected: Math.max(0, ...rejected), readInFull };
    }
    const digest = contentDigest(compressed);
    results.forEach((result, i) => {
      const name = this.states[i]?.name;
      if (result.delivered && name !== undefined) this.progress.of(digest, name, this.clock.now()).done = true;
    });
    return { accepted: false, detail: failed.join('; ') };
  }
}

/** Identifies a request by its content: how it is compressed may differ when the sender comes again. */
function contentDigest(compressed: Buffer): string {
  return digestOf(snappyUncompress(compressed, OWN_REQUEST_LIMIT, 'own request'));
}

/** Endpoints of one URL, which differ in tenant headers or credentials, are numbered. */
function distinctNames(sinks: readonly SeriesSink[]): string[] {
  return sinks.map(({ name }, i) => {
    const before = sinks.slice(0, i).filter((other) => other.name === name).length;
    return before === 0 ? name : `${name} (${before + 1})`;
  });
}

interface Work {
  readonly compressed: Buffer;
  readonly digest: string | undefined;
  readonly signal: AbortSignal;
  readonly isStored: StoredCheck;
}
