import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Clock } from '../../common/clock.js';
import { inSlices } from '../../pods/in-slices.js';
import { LearnedDevices } from '../../pods/learned-devices/learned-devices.service.js';
import type { LearnedChanges } from '../../pods/core/learned-device.js';
import { MetricsForwarder } from '../forwarder/forwarder.service.js';
import { MetricsSelfMetrics } from '../self-metrics.js';
import { LearnedAssociations } from './learned-associations.js';

/** Holders that are new show in the caches within 2 s. */
const EVERY = 1_000;
/** Time (ms) between looks at all associations, not only those that are new. */
const LOOK_EVERY = 5_000;
/** Time (ms) between looks for what is over: that reads every learned binding. */
const TIDY_EVERY = 30_000;
/** Associations written in one transaction. */
const AT_A_TIME = 5_000;

/**
 * Passes what exporters' labels say about holders of devices on to the inventory. Every replica does so with the series that
 * it is sent. Without learning, what was learned before comes to its end.
 */
@Injectable()
export class DeviceLearning implements OnModuleDestroy {
  private readonly logger = new Logger(DeviceLearning.name);
  private running: Promise<void> | undefined;
  private tidiedAt = -Infinity;
  private lookedAt = -Infinity;
  /**
   * Until then (ms) silence proves nothing: samples count once they are stored, and after a start or while a storage is away
   * senders hold them back.
   */
  private patientUntil: number;

  constructor(
    private readonly associations: LearnedAssociations,
    private readonly forwarder: MetricsForwarder,
    private readonly devices: LearnedDevices,
    private readonly clock: Clock,
    private readonly metrics: MetricsSelfMetrics,
  ) {
    this.patientUntil = clock.now() + associations.expiry;
  }

  async onModuleDestroy(): Promise<void> {
    await this.running;
  }

  @Interval('device-learning', EVERY)
  async run(): Promise<void> {
    if (this.running !== undefined || !this.devices.isReady) return;
    this.running = this.pass().catch((error: unknown) => {
      this.logger.warn({ err: error }, 'What exporters say about devices could not be kept; trying again later');
    });
    await this.running;
    this.running = undefined;
  }

  private async pass(): Promise<void> {
    const { expiry } = this.associations;
    const now = this.clock.now();
    if (this.forwarder.states.some(({ up }) => !up)) this.patientUntil = now + expiry;
    const silentSince = now < this.patientUntil ? -Infinity : now - expiry;
    const which = now - this.lookedAt >= LOOK_EVERY ? 'all' : 'new';
    if (which === 'all') this.lookedAt = now;
    const due = await inSlices(this.associations.due(silentSince, which));
    for (let start = 0; start < due.length; start += AT_A_TIME) {
      const part = due.slice(start, start + AT_A_TIME);
      this.count(await this.devices.learn(part));
      this.associations.written(part);
    }
    if (now - this.tidiedAt >= TIDY_EVERY) await this.tidy(now, silentSince);
    this.metrics.learnedAssociations.set(this.associations.size);
    this.metrics.refusedAssociations.set(this.associations.refused);
  }

  private async tidy(now: number, silentSince: number): Promise<void> {
    const exporters = this.associations.takeExporters();
    try {
      this.count(await this.devices.tidy(exporters, silentSince));
    } catch (error) {
      this.associations.returnExporters(exporters);
      throw error;
    }
    this.tidiedAt = now;
  }

  private count(changes: LearnedChanges): void {
    for (const result of ['written', 'released', 'withdrawn'] as const)
      if (changes[result] > 0) this.metrics.learnedBindings.inc({ result }, changes[result]);
  }
}
