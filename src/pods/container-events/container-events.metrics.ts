import { Injectable } from '@nestjs/common';
import { counter, histogram } from '../../observability/instruments.js';
import { KNOWN_EVENT_TYPES } from '../core/container-event.js';

const PREFIX = 'primus_lens_telemetry_processor_container_event_';

/** Why an event failed. */
export type EventErrorType = 'invalid' | 'storage';

/**
 * What container events tell about themselves on /metrics. The names are the original's. Label values are words of ours: a
 * sender cannot add series.
 */
@Injectable()
export class ContainerEventMetrics {
  private readonly received = counter({
    name: `${PREFIX}recv_total`,
    help: 'Container events received',
    labelNames: ['source', 'type'],
  });
  private readonly errors = counter({
    name: `${PREFIX}error_total`,
    help: 'Container events that could not be processed',
    labelNames: ['source', 'type', 'error_type'],
  });
  private readonly duration = histogram({
    name: `${PREFIX}processing_duration_seconds`,
    help: 'Time to process a request with container events',
    labelNames: ['endpoint'],
    buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10],
  });
  private readonly batchSizes = histogram({
    name: `${PREFIX}batch_size`,
    help: 'Events in a batch',
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000],
  });

  countReceived(event: unknown): void {
    this.received.inc(labelsOf(event));
  }

  countError(event: unknown, errorType: EventErrorType): void {
    this.errors.inc({ ...labelsOf(event), error_type: errorType });
  }

  observeBatch(size: number): void {
    this.batchSizes.observe(size);
  }

  /** Measures what a request takes, failed ones too. */
  async time<T>(endpoint: 'single' | 'batch', work: () => Promise<T>): Promise<T> {
    const stop = this.duration.startTimer({ endpoint });
    try {
      return await work();
    } finally {
      stop();
    }
  }
}

function labelsOf(event: unknown): { source: string; type: string } {
  const { source, type } = (typeof event === 'object' && event !== null ? event : {}) as Record<string, unknown>;
  return {
    source: source === 'kubernetes' ? 'k8s' : source === 'k8s' || source === 'docker' ? source : 'other',
    type: typeof type === 'string' && KNOWN_EVENT_TYPES.has(type.toLowerCase()) ? type.toLowerCase() : 'other',
  };
}
