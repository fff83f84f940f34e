import { Injectable, Logger, ServiceUnavailableException } from '@nestjs/common';
import {
  HealthCheckService,
  HealthIndicatorService,
  type HealthCheckResult,
  type HealthIndicatorFunction,
  type HealthIndicatorResult,
} from '@nestjs/terminus';
import { setTimeout as delay } from 'node:timers/promises';
import { HealthRegistry, type HealthReport, type RegisteredCheck } from './health-registry.js';
import { Lifecycle } from './lifecycle.service.js';

/** A check that takes longer (ms) counts as down: probes have time limits of their own. */
const CHECK_TIMEOUT = 2_000;

/** Answers the probes. */
@Injectable()
export class HealthService {
  private readonly logger = new Logger(HealthService.name);

  constructor(
    private readonly terminus: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly registry: HealthRegistry,
    private readonly lifecycle: Lifecycle,
  ) {}

  /** Whether the process should get work: it runs, and nothing that it cannot do without is down. */
  readiness(): Promise<HealthCheckResult> {
    const necessary = this.registry.all().filter(({ affectsReadiness }) => affectsReadiness);
    return this.run([() => this.lifecycleResult(), ...necessary.map((check) => () => this.resultOf(check))]);
  }

  /** Everything that reports its health. */
  details(): Promise<HealthCheckResult> {
    return this.run([() => this.lifecycleResult(), ...this.registry.all().map((check) => () => this.resultOf(check))]);
  }

  /** Terminus throws its result when something is down; here it is an answer like any other. */
  private async run(checks: HealthIndicatorFunction[]): Promise<HealthCheckResult> {
    try {
      return await this.terminus.check(checks);
    } catch (error) {
      if (error instanceof ServiceUnavailableException) return error.getResponse() as HealthCheckResult;
      throw error;
    }
  }

  private lifecycleResult(): HealthIndicatorResult {
    const { phase } = this.lifecycle;
    const indicator = this.indicators.check('process');
    return phase === 'running' ? indicator.up({ phase }) : indicator.down({ phase });
  }

  private async resultOf({ name, check }: RegisteredCheck): Promise<HealthIndicatorResult> {
    const { status, ...details } = await this.reportOf(name, check);
    const indicator = this.indicators.check(name);
    if (status === 'up') return indicator.up(details);
    return status === 'degraded' ? indicator.degraded(details) : indicator.down(details);
  }

  private async reportOf(name: string, check: RegisteredCheck['check']): Promise<HealthReport> {
    const controller = new AbortController();
    const late = delay(CHECK_TIMEOUT, undefined, { signal: controller.signal }).then<HealthReport, HealthReport>(
      () => ({ status: 'down', message: `no answer within ${CHECK_TIMEOUT} ms` }),
      () => ({ status: 'down' }),
    );
    try {
      return await Promise.race([check(), late]);
    } catch (err) {
      this.logger.warn({ check: name, err }, 'health check failed');
      return { status: 'down', message: 'the check failed' };
    } finally {
      controller.abort();
    }
  }
}
