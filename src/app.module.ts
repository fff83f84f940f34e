import { Module, type DynamicModule } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { AlertsModule } from './alerts/alerts.module.js';
import { AuthModule } from './auth/auth.module.js';
import { ClockModule } from './common/clock.module.js';
import { ConfigModule } from './config/config.module.js';
import type { Config } from './config/config.js';
import { DatabaseModule } from './database/database.module.js';
import { HealthModule } from './health/health.module.js';
import { HttpModule } from './http/http.module.js';
import { LogsModule } from './logs/logs.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { ObservabilityModule } from './observability/observability.module.js';
import { PodsModule } from './pods/pods.module.js';
import { TrainingModule } from './training/training.module.js';

/** The one list of modules. */
@Module({})
export class AppModule {
  static for(config: Config): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.for(config),
        ObservabilityModule.for(config.observability),
        ClockModule,
        ScheduleModule.forRoot(),
        DatabaseModule,
        AuthModule,
        HttpModule,
        HealthModule,
        PodsModule,
        MetricsModule,
        LogsModule,
        TrainingModule,
        AlertsModule,
      ],
    };
  }
}
