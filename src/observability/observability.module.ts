import { Module, type DynamicModule } from '@nestjs/common';
import { PrometheusModule } from '@willsoto/nestjs-prometheus';
import { LoggerModule } from 'nestjs-pino';
import { register } from 'prom-client';
import type { ObservabilityConfig } from '../config/observability.config.js';
import { loggerOptions } from './logger-options.js';
import { QuietLogger } from './quiet-logger.service.js';
import { SelfMetricsController } from './self-metrics.controller.js';

/** Structured logs and the service's own metrics under /metrics. */
@Module({})
export class ObservabilityModule {
  static for(config: ObservabilityConfig): DynamicModule {
    // The registry is the process's: a second application in it, as in tests, finds these metrics there.
    const isFirst = register.getSingleMetric('process_cpu_seconds_total') === undefined;
    return {
      module: ObservabilityModule,
      imports: [
        LoggerModule.forRoot(loggerOptions(config, process.stdout.isTTY)),
        PrometheusModule.register({
          controller: SelfMetricsController,
          path: '/metrics',
          defaultMetrics: { enabled: isFirst },
        }),
      ],
      providers: [QuietLogger],
      exports: [QuietLogger],
    };
  }
}
