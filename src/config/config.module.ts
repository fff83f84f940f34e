import { Module, type DynamicModule } from '@nestjs/common';
import { AUTH_CONFIG } from './auth.config.js';
import { CLUSTER_CONFIG } from './cluster.config.js';
import type { Config } from './config.js';
import { DATABASE_CONFIG } from './database.config.js';
import { HTTP_CONFIG } from './http.config.js';
import { KUBERNETES_CONFIG } from './kubernetes.config.js';
import { LOGS_CONFIG } from './logs.config.js';
import { METRICS_CONFIG } from './metrics.config.js';
import { OBSERVABILITY_CONFIG } from './observability.config.js';
import { PODS_CONFIG } from './pods.config.js';
import { TRAINING_CONFIG } from './training.config.js';

/** Offers each section of the configuration under its token, everywhere. */
@Module({})
export class ConfigModule {
  static for(config: Config): DynamicModule {
    const providers = [
      { provide: HTTP_CONFIG, useValue: config.http },
      { provide: DATABASE_CONFIG, useValue: config.database },
      { provide: AUTH_CONFIG, useValue: config.auth },
      { provide: CLUSTER_CONFIG, useValue: config.cluster },
      { provide: OBSERVABILITY_CONFIG, useValue: config.observability },
      { provide: PODS_CONFIG, useValue: config.pods },
      { provide: KUBERNETES_CONFIG, useValue: config.kubernetes },
      { provide: METRICS_CONFIG, useValue: config.metrics },
      { provide: LOGS_CONFIG, useValue: config.logs },
      { provide: TRAINING_CONFIG, useValue: config.training },
    ];
    return { module: ConfigModule, global: true, providers, exports: providers.map(({ provide }) => provide) };
  }
}
