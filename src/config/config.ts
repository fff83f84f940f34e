import type { AuthConfig } from './auth.config.js';
import type { ClusterConfig } from './cluster.config.js';
import type { DatabaseConfig } from './database.config.js';
import type { HttpConfig } from './http.config.js';
import type { KubernetesConfig } from './kubernetes.config.js';
import type { LogsConfig } from './logs.config.js';
import type { MetricsConfig } from './metrics.config.js';
import type { ObservabilityConfig } from './observability.config.js';
import type { PodsConfig } from './pods.config.js';
import type { TrainingConfig } from './training.config.js';

/** Everything that an operator can set, checked and frozen. Features receive their section by its token. */
export interface Config {
  readonly http: HttpConfig;
  readonly database: DatabaseConfig;
  readonly auth: AuthConfig;
  readonly cluster: ClusterConfig;
  readonly observability: ObservabilityConfig;
  readonly pods: PodsConfig;
  readonly kubernetes: KubernetesConfig;
  readonly metrics: MetricsConfig;
  readonly logs: LogsConfig;
  readonly training: TrainingConfig;
}
