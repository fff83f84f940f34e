import type { FactoryProvider } from '@nestjs/common';
import type { KubeConfig } from '@kubernetes/client-node';
import { KUBERNETES_CONFIG, type KubernetesConfig } from '../../../config/kubernetes.config.js';
import { findCluster } from '../client/kube-config.js';

/** Injection token of {@link Cluster}. */
export const CLUSTER = Symbol('KUBERNETES_CLUSTER');

/** The cluster to watch and the credentials for it; none when `config` is undefined. */
export interface Cluster {
  readonly config: KubeConfig | undefined;
}

/** Looks for the cluster once, when the service starts. Throws ClusterNotFound when the one that is asked for is not there. */
export const clusterProvider: FactoryProvider<Cluster> = {
  provide: CLUSTER,
  inject: [KUBERNETES_CONFIG],
  useFactory: async (config: KubernetesConfig) => ({ config: await findCluster(config) }),
};
