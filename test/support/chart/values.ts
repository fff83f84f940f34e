/** Values of the chart that the tests start from. */

export const DATABASE_URL = 'postgres://telemetry:d4tabase-pa55@db.example:5432/telemetry';
export const TOKEN_SECRET = 's3cret-of-the-sender';
export const STORAGE_PASSWORD = 'pa55-of-the-storage';

/** The least that makes a release. */
export const SMALL = {
  database: { url: DATABASE_URL },
  auth: { tokens: [{ name: 'vmagent', role: 'ingest', secret: TOKEN_SECRET }] },
};

/** Every option on. */
export const EVERYTHING = {
  nameOverride: 'tele',
  fullnameOverride: 'tele-gpu',
  image: {
    repository: 'registry.example/telemetry-processor',
    tag: '1.2.3',
    digest: `sha256:${'ab'.repeat(32)}`,
    pullPolicy: 'Always',
  },
  imagePullSecrets: [{ name: 'registry' }],
  replicas: 3,
  clusterName: 'gpu-east',
  host: '::',
  database: SMALL.database,
  auth: { tokens: [...SMALL.auth.tokens, { name: 'ops', role: 'admin', secret: 'another-secret:of-16' }] },
  storage: {
    endpoints: [
      {
        url: 'https://metrics.example/api/v1/write',
        basic_auth: { username: 'telemetry', password: STORAGE_PASSWORD },
        headers: { 'X-Scope-OrgID': 'gpu' },
      },
    ],
  },
  kubernetes: {
    namespaces: ['ml', 'vision'],
    extraOwnerKinds: [{ apiGroup: 'example.com', resources: ['trainings'] }],
  },
  config: { log_level: 'debug', metrics_series_cache_bytes: 1_073_741_824, metrics_node_labels: ['node', 'hostname'] },
  serviceAccount: { name: 'watcher', annotations: { note: 'reads the cluster' } },
  service: { type: 'LoadBalancer', port: 80, annotations: { note: 'internal' } },
  resources: { limits: { cpu: '2', memory: '4Gi' }, requests: { cpu: '1', memory: '4Gi' } },
  heapPercentage: 70,
  livenessProbe: { initialDelaySeconds: 1 },
  strategy: { type: 'Recreate', rollingUpdate: null },
  podDisruptionBudget: { maxUnavailable: '50%' },
  podLabels: { team: 'gpu' },
  podAnnotations: { 'prometheus.io/scrape': 'true' },
  priorityClassName: 'system-cluster-critical',
  nodeSelector: { 'kubernetes.io/arch': 'amd64' },
  tolerations: [{ key: 'infra', operator: 'Exists', effect: 'NoSchedule' }],
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'gpu', operator: 'DoesNotExist' }] }],
      },
    },
  },
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'DoNotSchedule' },
    {
      maxSkew: 2,
      topologyKey: 'rack',
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: { matchLabels: { a: 'b' } },
    },
  ],
  extraEnv: [{ name: 'NODE_EXTRA_CA_CERTS', value: '/etc/ca/ca.pem' }],
  extraVolumes: [{ name: 'ca', configMap: { name: 'ca' } }],
  extraVolumeMounts: [{ name: 'ca', mountPath: '/etc/ca', readOnly: true }],
};

/** All secrets are somebody else's. */
export const FOREIGN_SECRETS = {
  database: { existingSecret: 'pg', existingSecretKey: 'uri' },
  auth: { existingSecret: 'callers', existingSecretKey: 'list' },
  storage: { existingSecret: 'storages' },
};
