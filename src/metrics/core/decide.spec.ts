import {
  GRACE,
  held,
  inventory,
  node,
  pod,
  RULES,
  workload,
  type InventorySpec,
} from '../../../test/support/metrics-inventory.js';
import { decide, type Decision } from './decide.js';
import type { EnrichmentRules } from './enrichment-rules.js';

type Labels = Record<string, string>;
const NOW = 1_000_000_000;

const toLabels = (labels: Labels) => Object.entries(labels).map(([name, value]) => ({ name, value }));

function decideOn(spec: InventorySpec, labels: Labels, at = NOW, rules: EnrichmentRules = RULES): Decision {
  return decide(toLabels(labels), at, inventory(spec), rules);
}

/** `rule: pods` of what is emitted, else the outcome. */
function summary({ outcome, owner, series }: Decision): string {
  if (outcome !== 'emitted') return outcome;
  return `${owner?.rule ?? ''}: ${[...new Set(series.map((one) => `${one.pod.namespace}/${one.pod.name}`))].sort().join(' ')}`;
}

/** Two namespaces with a pod of one name, a node with GPUs, its exporter as a DaemonSet, and a pod that has ended. */
const CLUSTER: InventorySpec = {
  nodes: [node('n1', '10.0.0.1', 'fd00::1'), node('n2.example', '10.0.0.2'), node('n3', '10.0.0.3')],
  workloads: [workload('ml/train'), workload('mon/exporter', 'DaemonSet')],
  pods: [
    pod('ml/train-0'),
    pod('ml/both', { uid: 'both-ml' }),
    pod('dev/both', { uid: 'both-dev' }),
    pod('mon/exporter-x', { podIp: '10.1.0.9' }),
    pod('mon/hosted', { podIp: '10.0.0.1' }),
    pod('ml/lone', { ownersKnown: false }),
    pod('ml/gone', { startedAt: 0, endedAt: NOW - GRACE }),
    pod('ml/fresh', { startedAt: NOW - 5, endedAt: null }),
    pod('ml/web', { nodeName: 'n3' }),
  ],
  owners: { 'train-0': ['train'], 'exporter-x': ['exporter'] },
  bindings: [
    held('n1/0', 'train-0', { uuid: 'GPU-a', serial: 'S0' }),
    held('n1/1', 'both-ml', { uuid: 'GPU-b', serial: 'P' }),
    held('n1/2', 'both-dev', { serial: 'P' }),
    held('n1/3', null),
    held('n1/4', 'train-0'),
    held('n1/4', 'both-ml'),
    held('n1/5', 'lone'),
    held('n1/mlx5_0', 'train-0', { kind: 'infiniband' }),
    held('n1/asic0', 'train-0', { kind: 'asic' }),
    held('n2.example/0', 'both-dev'),
  ],
};

describe('whom a series belongs to', () => {
  const f = (labels: Labels, want: string) => {
    expect(summary(decideOn(CLUSTER, labels))).toBe(want);
  };
  const gpu = (labels: Labels, want: string) => {
    f({ __name__: 'gpu_temp', ...labels }, want);
  };

  it('goes by the explicit owner first', () => {
    gpu({ node: 'n1', gpu_id: '0', exported_pod: 'both', exported_namespace: 'dev' }, 'exported_pod: dev/both');
    f({ __name__: 'x', exported_pod: 'train-0', exported_namespace: 'ml' }, 'exported_pod: ml/train-0');
  });

  it('goes on when the explicit owner is unknown, expired or incomplete', () => {
    gpu({ node: 'n1', gpu_id: '0', exported_pod: 'nobody', exported_namespace: 'ml' }, 'device: ml/train-0');
    gpu({ node: 'n1', gpu_id: '0', exported_pod: 'gone', exported_namespace: 'ml' }, 'device: ml/train-0');
    gpu({ node: 'n1', gpu_id: '0', exported_pod: 'both' }, 'device: ml/train-0');
    f({ __name__: 'x', exported_pod: 'nobody', exported_namespace: 'ml', pod: 'train-0', namespace: 'ml' }, 'no_pod');
    f({ __name__: 'x', exported_pod: 'train-0', pod: 'both', namespace: 'ml' }, 'pod_name_only: ml/train-0');
  });

  it('goes by device before pod', () => {
    gpu({ node: 'n1', gpu_id: '0', pod: 'both', namespace: 'ml' }, 'device: ml/train-0');
    gpu({ node: 'n1', gpu_id: '3', pod: 'train-0', namespace: 'ml' }, 'pod: ml/train-0');
    gpu({ node: 'n1', gpu_id: '3' }, 'no_pod');
    gpu({ node: 'n1', gpu_id: '9' }, 'no_device');
    gpu({ gpu_id: '0' }, 'no_node');
  });

  it('reads the node in all its spellings', () => {
    for (const label of RULES.nodeLabels) gpu({ [label]: 'n1', gpu_id: '0' }, 'device: ml/train-0');
    gpu({ instance: '10.0.0.1:9400', gpu_id: '0' }, 'device: ml/train-0');
    gpu({ instance: '[fd00::1]:9400', gpu_id: '0' }, 'device: ml/train-0');
    gpu({ instance: 'fd00::1', gpu_id: '0' }, 'device: ml/train-0');
    gpu({ hostname: 'n1.cluster.local', gpu_id: '0' }, 'device: ml/train-0');
    gpu({ hostname: 'n2', gpu_id: '0' }, 'device: dev/both');
    gpu({ hostname: 'n2.other', gpu_id: '0' }, 'no_node');
    gpu({ node: 'unknown', instance: '10.0.0.1:1', gpu_id: '0' }, 'device: ml/train-0');
    gpu({ node: 'n2.example', instance: '10.0.0.1:1', gpu_id: '0' }, 'device: dev/both');
  });

  it('tells kinds of devices by family, never by the label `device` alone', () => {
    f(
      { __name__: 'node_infiniband_port_data_received_bytes_total', node: 'n1', device: 'mlx5_0' },
      'device: ml/train-0',
    );
    f({ __name__: 'node_disk_read_bytes_total', node: 'n1', device: 'mlx5_0' }, 'unmatched');
    f({ __name__: 'node_network_receive_bytes_total', node: 'n1', device: 'mlx5_0' }, 'unmatched');
    f(
      { __name__: 'container_fs_reads_total', node: 'n1', device: 'mlx5_0', pod: 'both', namespace: 'dev' },
      'pod: dev/both',
    );
    f({ __name__: 'custom_rdma_bytes', node: 'n1', device: 'mlx5_0' }, 'device: ml/train-0');
    f({ __name__: 'custom_bytes', node: 'n2', device: 'mlx5_0' }, 'unmatched');
    f({ __name__: 'custom_bytes', node: 'n1', device: 'mlx5_0', pod: 'both', namespace: 'dev' }, 'pod: dev/both');
    f({ __name__: 'gaudi_temp', node: 'n1', asic: 'asic0' }, 'device: ml/train-0');
    f({ __name__: 'custom_util', node: 'n1', gpu_id: '0' }, 'device: ml/train-0');
    gpu({ node: 'n1', gpu: '0' }, 'device: ml/train-0');
    f({ __name__: 'DCGM_FI_DEV_GPU_TEMP', Hostname: 'n1', gpu: '0', device: 'nvidia0' }, 'device: ml/train-0');
    gpu({ node: 'n1', gpu_id: '', gpu: '0' }, 'device: ml/train-0');
  });

  it('believes the UUID rather than the ordinal, and the ordinal where a serial number is shared', () => {
    gpu({ node: 'n1', gpu_id: '1', UUID: 'GPU-a' }, 'device_uuid: ml/train-0');
    gpu({ node: 'n1', gpu_id: '7', serial_number: 'S0' }, 'device_uuid: ml/train-0');
    gpu({ node: 'n1', UUID: 'GPU-a' }, 'device_uuid: ml/train-0');
    gpu({ node: 'n1', gpu_id: '0', UUID: 'GPU-z' }, 'device: ml/train-0');
    gpu({ node: 'n1', gpu_id: '1', serial_number: 'P' }, 'device_uuid: ml/both');
    gpu({ node: 'n1', gpu_id: '2', serial_number: 'P' }, 'device_uuid: dev/both');
    gpu({ node: 'n1', gpu_id: '7', serial_number: 'P' }, 'no_device');
  });

  it('gives a shared device to each holder', () => {
    gpu({ node: 'n1', gpu_id: '4' }, 'device: ml/both ml/train-0');
  });

  it('goes by UID, then by namespace and name, then by an unambiguous name', () => {
    f({ __name__: 'x', uid: 'both-dev', pod: 'train-0', namespace: 'ml' }, 'pod_uid: dev/both');
    f({ __name__: 'x', pod_uid: 'both-ml', uid: 'both-dev' }, 'pod_uid: ml/both');
    f({ __name__: 'x', uid: 'of-something-else', pod: 'train-0', namespace: 'ml' }, 'pod: ml/train-0');
    f({ __name__: 'x', pod: 'both', namespace: 'ml' }, 'pod: ml/both');
    f({ __name__: 'x', pod: 'both', namespace: 'dev' }, 'pod: dev/both');
    f({ __name__: 'x', pod_name: 'both', pod_namespace: 'dev' }, 'pod: dev/both');
    f({ __name__: 'x', pod: 'both', namespace: 'ml', pod_name: 'both', pod_namespace: 'dev' }, 'pod: ml/both');
    f({ __name__: 'x', pod: 'both' }, 'ambiguous');
    f({ __name__: 'x', pod: 'train-0' }, 'pod_name_only: ml/train-0');
    f({ __name__: 'x', pod: 'train-0', namespace: 'dev' }, 'no_pod');
    f({ __name__: 'x', container: 'main', node: 'n1' }, 'unmatched');
    f({ __name__: 'x', pod: '', namespace: 'ml' }, 'unmatched');
    f({ __name__: 'x', pod: 'lone', namespace: 'ml' }, 'no_workload');
    gpu({ node: 'n1', gpu_id: '5' }, 'no_workload');
  });

  it('never takes the exporter for the owner of a device', () => {
    const idle = { node: 'n1', gpu_id: '9', namespace: 'mon' };
    gpu({ ...idle, pod: 'exporter-x' }, 'no_device');
    gpu({ ...idle, pod: 'hosted' }, 'no_device');
    gpu({ ...idle, pod: 'hosted', instance: '10.0.0.1:9400' }, 'no_device');
    gpu({ ...idle, pod: 'exporter-x', instance: '10.1.0.9:9400' }, 'no_device');
    gpu({ gpu_id: '0', node: 'n3', pod: 'exporter-x', namespace: 'mon' }, 'no_device');
    gpu({ gpu_id: '9', node: 'n3', namespace: 'ml', pod: 'web', primus_lens_source_pod_name: 'web' }, 'no_device');
    gpu({ ...idle, pod: 'train-0', namespace: 'ml', exported_container: 'x' }, 'no_device');
    gpu({ gpu_id: '0', pod_uid: 'exporter-x' }, 'no_device');
    // A pod whose node has no known devices is believed.
    gpu({ gpu_id: '0', node: 'n3', pod: 'web', namespace: 'ml' }, 'pod: ml/web');
    // The exporter's own series speak of no device.
    f(
      { __name__: 'process_cpu_seconds_total', pod: 'exporter-x', namespace: 'mon', node: 'n1' },
      'pod: mon/exporter-x',
    );
  });

  it('does not enrich twice', () => {
    f({ __name__: 'workload_gpu_temp', workload_uid: 'train', pod: 'train-0', namespace: 'ml' }, 'already_enriched');
    f({ __name__: 'workload_info', pod: 'train-0', namespace: 'ml' }, 'pod: ml/train-0');
    f({ __name__: 'gpu_temp', workload_uid: 'x', gpu_id: '0', node: 'n1' }, 'device: ml/train-0');
  });

  it('forwards what belongs to nobody when told to', () => {
    const rules = { ...RULES, forwardUnmatched: true };
    const all: Labels[] = [
      { __name__: 'x' },
      { __name__: 'x', pod: 'both' },
      { __name__: 'x', pod: 'lone', namespace: 'ml' },
      { __name__: 'workload_x', workload_uid: 'w' },
    ];
    expect(all.map((labels) => decideOn(CLUSTER, labels, NOW, rules).outcome)).toEqual(Array(4).fill('forwarded'));
  });
});

describe('the labels of a workload series', () => {
  const spec: InventorySpec = {
    workloads: [workload('ml/w1', 'PyTorchJob'), workload('safe/w2', 'Workload'), workload('ml/w3', 'JobSet')],
    pods: [pod('ml/p')],
    owners: { p: ['w2', 'w1', 'w3'] },
  };

  it('replace those of the same names and are sorted by code point', () => {
    const input = {
      job: 'other',
      workload_uid: 'fake',
      pod_name: 'fake',
      pod: 'p',
      namespace: 'ml',
      empty: '',
      Zone: 'a',
      '\u{1F600}': 'astral',
      '\uFFFD': 'basic',
      __name__: 'm',
    };
    const { series } = decideOn({ ...spec, owners: { p: ['w1'] } }, input);
    expect(series.map(({ labels }) => labels.map(({ name, value }) => `${name}=${value}`))).toEqual([
      [
        'Zone=a',
        '__name__=workload_m',
        'job=primus-lens-telemetry-processor',
        'namespace=ml',
        'pod=p',
        'pod_name=p',
        'pod_uid=p',
        'workload_kind=PyTorchJob',
        'workload_name=w1',
        'workload_namespace=ml',
        'workload_uid=w1',
        '\uFFFD=basic',
        '\u{1F600}=astral',
      ],
    ]);
  });

  it('come once for each workload, up to the limit', () => {
    const f = (maxWorkloadsPerPod: number, want: [string[], number]) => {
      const { series, cappedWorkloads } = decideOn(spec, { __name__: 'm', uid: 'p' }, NOW, {
        ...RULES,
        maxWorkloadsPerPod,
      });
      expect([series.map((one) => one.workload.uid), cappedWorkloads]).toEqual(want);
    };
    f(16, [['w1', 'w2', 'w3'], 0]);
    f(2, [['w1', 'w2'], 1]);
    f(1, [['w1'], 2]);
  });

  it('name the pod itself where it has no owner', () => {
    const { series } = decideOn({ pods: [pod('ml/bare', { uid: 'u' })] }, { __name__: 'm', uid: 'u' });
    expect(series.map((one) => one.workload)).toEqual([{ uid: 'u', name: 'bare', namespace: 'ml', kind: 'Pod' }]);
  });
});

describe('time', () => {
  const END = 1_000;
  const f = (spec: InventorySpec, labels: Labels, want: Record<number, string>) => {
    const got = Object.keys(want).map((at) => [at, summary(decideOn(spec, labels, Number(at)))]);
    expect(Object.fromEntries(got)).toEqual(want);
  };
  const gpu = { __name__: 'gpu_temp', node: 'n1', gpu_id: '0' };

  it('lets a pod count until the grace period has passed', () => {
    const spec = { pods: [pod('ml/p', { startedAt: 10, endedAt: END })] };
    const want = {
      [END - 1]: 'pod: ml/p',
      [END]: 'pod: ml/p',
      [END + GRACE - 1]: 'pod: ml/p',
      [END + GRACE]: 'expired',
    };
    f(spec, { __name__: 'm', pod: 'p', namespace: 'ml' }, { 9: 'no_pod', 10: 'pod: ml/p', ...want });
    f(spec, { __name__: 'm', pod: 'p' }, { 9: 'no_pod', [END]: 'pod_name_only: ml/p', [END + GRACE]: 'expired' });
    f(
      spec,
      { __name__: 'm', uid: 'p' },
      { 9: 'pod_uid: ml/p', [END + GRACE - 1]: 'pod_uid: ml/p', [END + GRACE]: 'expired' },
    );
  });

  it('gives a moved device to who held it at the time of the sample', () => {
    const spec = {
      nodes: [node('n1')],
      pods: [pod('ml/a'), pod('ml/b')],
      bindings: [
        held('n1/0', 'a', { boundAt: 100, releasedAt: 200 }),
        held('n1/0', 'b', { boundAt: 300, releasedAt: 400 }),
      ],
    };
    f(spec, gpu, {
      99: 'no_device',
      100: 'device: ml/a',
      199: 'device: ml/a',
      200: 'device: ml/a',
      299: 'device: ml/a',
      300: 'device: ml/b',
      [400 + GRACE - 1]: 'device: ml/b',
      [400 + GRACE]: 'expired',
    });
  });

  it('ends a holding with its pod', () => {
    const spec = { nodes: [node('n1')], pods: [pod('ml/a', { endedAt: END })], bindings: [held('n1/0', 'a')] };
    f(spec, gpu, { [END + GRACE - 1]: 'device: ml/a', [END + GRACE]: 'expired' });
  });

  it('gives a device that was shared to the end to all its last holders', () => {
    const bindings = ['a', 'b'].map((uid) => held('n1/0', uid, { boundAt: 0, releasedAt: END }));
    f({ nodes: [node('n1')], pods: [pod('ml/a'), pod('ml/b')], bindings }, gpu, { [END]: 'device: ml/a ml/b' });
  });

  it('tells a recreated pod of one name from its predecessor', () => {
    const spec = {
      pods: [
        pod('ml/p', { uid: 'old', startedAt: 0, endedAt: END }),
        pod('ml/p', { uid: 'new', startedAt: END + 100 }),
      ],
    };
    const uids = (labels: Labels, at: number) =>
      decideOn(spec, { __name__: 'm', ...labels }, at).series.map((one) => one.pod.uid);
    const name = { pod: 'p', namespace: 'ml' };
    expect([END - 1, END + 99, END + 100].map((at) => uids(name, at))).toEqual([['old'], ['old'], ['new']]);
    // The UID says that the predecessor is meant; its successor must not get its samples.
    expect(uids({ ...name, uid: 'old' }, END + GRACE)).toEqual([]);
    expect(uids({ ...name, uid: 'old' }, END + 200)).toEqual(['old']);
  });

  it('says ambiguous where two namespaces had the name within the grace period', () => {
    const spec = {
      pods: [
        pod('a/p', { uid: '1', startedAt: 0, endedAt: END }),
        pod('b/p', { uid: '2', startedAt: 0, endedAt: END + 1 }),
      ],
    };
    f(
      spec,
      { __name__: 'm', pod: 'p' },
      {
        [END - 1]: 'ambiguous',
        [END]: 'pod_name_only: b/p',
        [END + 1]: 'ambiguous',
        [END + GRACE]: 'pod_name_only: b/p',
        [END + GRACE + 1]: 'expired',
      },
    );
  });
});
