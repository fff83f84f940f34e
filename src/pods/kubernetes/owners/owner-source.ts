import type { KubernetesApi } from '../client/kubernetes-api.js';

/** What reading owners needs of the API server's client. All methods throw KubernetesError, or the reason of an aborted signal. */
export type OwnerSource = Pick<KubernetesApi, 'discover' | 'getMetadata' | 'list'>;
