import { authSettings } from './auth.config.js';
import { clusterSettings } from './cluster.config.js';
import { databaseSettings } from './database.config.js';
import { httpSettings } from './http.config.js';
import { kubernetesSettings } from './kubernetes.config.js';
import { logsSettings } from './logs.config.js';
import { metricsSettings } from './metrics.config.js';
import { observabilitySettings } from './observability.config.js';
import { podsSettings } from './pods.config.js';
import type { Setting, Settings } from './setting.js';
import { trainingSettings } from './training.config.js';

/** A group of settings under one heading of the documentation. */
export interface Section {
  readonly title: string;
  readonly settings: Settings;
}

/** Every section, in the order of the documentation. */
export const sections: readonly Section[] = [
  { title: 'HTTP', settings: httpSettings },
  { title: 'Database', settings: databaseSettings },
  { title: 'Authentication', settings: authSettings },
  { title: 'Cluster', settings: clusterSettings },
  { title: 'Logs of the service', settings: observabilitySettings },
  { title: 'Inventory', settings: podsSettings },
  { title: 'Kubernetes', settings: kubernetesSettings },
  { title: 'Metrics', settings: metricsSettings },
  { title: 'Logs', settings: logsSettings },
  { title: 'Training', settings: trainingSettings },
];

/** Every setting of every section. */
export const allSettings: readonly Setting<unknown>[] = sections.flatMap(({ settings }) => Object.values(settings));
