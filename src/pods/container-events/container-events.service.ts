import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { InvalidRequest } from '../../common/domain-error.js';
import { PODS_CONFIG, type PodsConfig } from '../../config/pods.config.js';
import { Transactions } from '../../database/transactions.js';
import { BodyCheck } from '../core/body-check.js';
import { readContainerEvent, type ContainerEvent } from '../core/container-event.js';
import type { BatchResult, EventResult } from '../core/event-result.js';
import { ContainerEventMetrics } from './container-events.metrics.js';
import { ContainerEventsRecorder } from './container-events.recorder.js';

type Read = { event: ContainerEvent } | { check: BodyCheck };

/** Takes container events in, one by one or in batches. */
@Injectable()
export class ContainerEventsService {
  constructor(
    private readonly clock: Clock,
    private readonly transactions: Transactions,
    private readonly recorder: ContainerEventsRecorder,
    private readonly metrics: ContainerEventMetrics,
    @Inject(PODS_CONFIG) private readonly config: Pick<PodsConfig, 'containerEventsMaxBatch'>,
  ) {}

  /** Throws {@link InvalidRequest} when the event is not acceptable. */
  async receive(body: unknown): Promise<EventResult> {
    return this.metrics.time('single', async () => {
      this.metrics.countReceived(body);
      const read = this.read(body);
      if ('check' in read) throw new InvalidRequest('The event is not acceptable.', { errors: read.check.problems });
      const [outcome] = await this.record([body], [read.event]);
      return { status: 'ok', outcome };
    });
  }

  /**
   * Records all good events in one transaction and tells what is wrong with the others. Throws {@link InvalidRequest} when the
   * body is no batch or holds too many events.
   */
  async receiveBatch(body: unknown): Promise<BatchResult> {
    return this.metrics.time('batch', async () => {
      const events = this.eventsOf(body);
      this.metrics.observeBatch(events.length);
      for (const event of events) this.metrics.countReceived(event);
      const reads = events.map((event) => this.read(event));
      const good = reads.flatMap((read, index) => ('event' in read ? [{ index, event: read.event }] : []));
      const outcomes = await this.record(
        good.map(({ index }) => events[index]),
        good.map(({ event }) => event),
      );
      let next = 0;
      const results = reads.map((read, index) =>
        'event' in read ? { index, status: 'ok' as const, outcome: outcomes[next++] } : failure(index, read.check),
      );
      return { processed: good.length, failed: events.length - good.length, results };
    });
  }

  private eventsOf(body: unknown): readonly unknown[] {
    const events = typeof body === 'object' && body !== null ? (body as { events?: unknown }).events : undefined;
    if (!Array.isArray(events)) {
      const problem = { field: 'events', message: 'is required: an array of events' };
      throw new InvalidRequest('The body is no batch of events.', { errors: [problem] });
    }
    const limit = this.config.containerEventsMaxBatch;
    if (events.length > limit) {
      const problem = { field: 'events', message: 'has too many events', value: events.length, limit };
      throw new InvalidRequest(`A batch holds at most ${limit} events.`, { errors: [problem] });
    }
    return events;
  }

  private read(body: unknown): Read {
    const check = new BodyCheck();
    const event = readContainerEvent(body, check);
    if (event !== undefined && check.problems.length === 0) return { event };
    this.metrics.countError(body, 'invalid');
    return { check };
  }

  private async record(bodies: readonly unknown[], events: readonly ContainerEvent[]) {
    if (events.length === 0) return [];
    const now = this.clock.now();
    try {
      return await this.transactions.run((manager: EntityManager) => this.recorder.record(manager, events, now));
    } catch (error) {
      for (const body of bodies) this.metrics.countError(body, 'storage');
      throw error;
    }
  }
}

function failure(index: number, { problems }: BodyCheck) {
  const [first] = problems;
  const error = first === undefined ? 'is not acceptable' : `${first.field} ${first.message}`;
  return { index, status: 'error' as const, error, errors: problems };
}
