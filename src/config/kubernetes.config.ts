import { optionalSetting, setting, type ValuesOf } from './setting.js';
import { choice, duration, integer, list, text } from './values.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const LABEL_KEY = /^[A-Za-z0-9]([A-Za-z0-9./_-]{0,315}[A-Za-z0-9])?$/;

/** Injection token of {@link KubernetesConfig}. */
export const KUBERNETES_CONFIG = Symbol('KUBERNETES_CONFIG');

/** The watch of the Kubernetes cluster whose pods and nodes fill the inventory. */
export const kubernetesSettings = {
  mode: setting('KUBERNETES_MODE', choice('auto', 'in-cluster', 'kubeconfig', 'off'), 'auto', {
    description:
      'How the cluster is reached: as a pod of it (`in-cluster`), by a kubeconfig file, not at all (`off`), or the first of ' +
      'these that is found (`auto`).',
  }),
  kubeconfig: optionalSetting('KUBECONFIG', text(4_096), {
    description:
      'Path of the kubeconfig file, `~/.kube/config` when unset. Several paths joined by `:` are merged as kubectl does.',
  }),
  context: optionalSetting('KUBERNETES_CONTEXT', text(), {
    description: 'Context of the kubeconfig file, its current one when unset.',
  }),
  serviceHost: optionalSetting('KUBERNETES_SERVICE_HOST', text(), {
    description: 'Address of the API server within the cluster. Kubernetes sets it in every pod.',
  }),
  servicePort: optionalSetting('KUBERNETES_SERVICE_PORT', integer(1, 65_535), {
    description: 'Port of the API server within the cluster, 443 when unset. Kubernetes sets it in every pod.',
  }),
  namespaces: setting('KUBERNETES_NAMESPACES', list(DNS_LABEL, 'namespace names'), '', {
    description: 'Namespaces whose pods are watched; all of them when empty.',
  }),
  workloadLabels: setting('KUBERNETES_WORKLOAD_LABELS', list(LABEL_KEY, 'label keys'), 'primus-safe.workload.id', {
    description:
      'Labels of pods or their owners by which a platform names the workload they run for; the first one found makes that ' +
      'workload the root, before any owner reference.',
  }),
  pageSize: setting('KUBERNETES_PAGE_SIZE', integer(10, 5_000), '500', {
    description: 'Objects asked for at a time when the cluster is listed.',
  }),
  requestTimeout: setting('KUBERNETES_REQUEST_TIMEOUT', duration(SECOND, 10 * MINUTE), '30s', {
    description: 'Longest wait for an answer of the API server, and for the first bytes of a watch.',
  }),
  watchTimeout: setting('KUBERNETES_WATCH_TIMEOUT', duration(10 * SECOND, HOUR), '5m', {
    description: 'How long one watch request lasts before it is opened again where it ended.',
  }),
  relistInterval: setting('KUBERNETES_RELIST_INTERVAL', duration(MINUTE, 30 * DAY), '6h', {
    description: 'How often the cluster is listed anew as a whole, a safety net.',
  }),
  ownerRequests: setting('KUBERNETES_OWNER_REQUESTS', integer(1, 100), '8', {
    description: 'Requests for owners of pods that may be under way at once.',
  }),
  ownerRetryInterval: setting('KUBERNETES_OWNER_RETRY_INTERVAL', duration(SECOND, DAY), '5m', {
    description:
      'When a kind of owner that could not be read (forbidden, or unknown to the API server) is asked for again.',
  }),
  batchSize: setting('KUBERNETES_BATCH_SIZE', integer(1, 10_000), '1000', {
    description: 'Most changes written to the database in one transaction.',
  }),
  maxPending: setting('KUBERNETES_MAX_PENDING', integer(10, 1_000_000), '10000', {
    description: 'Changes that may wait for the database; above that the watch pauses.',
  }),
};

export type KubernetesConfig = ValuesOf<typeof kubernetesSettings>;
