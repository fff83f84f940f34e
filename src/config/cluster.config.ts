import { setting, type ValuesOf } from './setting.js';
import { textMatching } from './values.js';

/** Injection token of {@link ClusterConfig}. */
export const CLUSTER_CONFIG = Symbol('CLUSTER_CONFIG');

/** Which cluster this instance serves. */
export const clusterSettings = {
  name: setting(
    'CLUSTER_NAME',
    textMatching(
      /^[A-Za-z0-9]([A-Za-z0-9._-]{0,126}[A-Za-z0-9])?$/,
      '1 to 128 of A-Z a-z 0-9 . _ - with a letter or digit at both ends',
    ),
    'default',
    { description: 'Cluster label of what this instance sees.' },
  ),
};

export type ClusterConfig = ValuesOf<typeof clusterSettings>;
