import {
  held,
  inventory,
  node,
  pod,
  RULES,
  workload,
  type InventorySpec,
} from '../../../test/support/metrics-inventory.js';
import { decide } from './decide.js';
import type { EnrichmentRules } from './enrichment-rules.js';

type Labels = Record<string, string>;
const NOW = 1_000_000_000;

/** A node with a training pod, one whose labels name only its own address, and exporters of all sorts. */
const CLUSTER: InventorySpec = {
  nodes: [node('n1', '10.0.0.1'), node('n2', '10.0.0.2')],
  workloads: [workload('ml/train'), workload('mon/exporters', 'DaemonSet'), workload('mon/exporter', 'Deployment')],
  pods: [
    pod('ml/a', { podIp: '10.1.0.1' }),
    pod('ml/b'),
    pod('ml/elsewhere', { nodeName: 'n2' }),
    pod('ml/nowhere', { nodeName: null }),
    pod('ml/gone', { endedAt: NOW - 1 }),
    pod('ml/ownerless', { ownersKnown: false }),
    pod('mon/daemon'),
    pod('mon/lone', { podIp: '10.1.0.9' }),
  ],
  owners: {
    a: ['train'],
    b: ['train'],
    elsewhere: ['train'],
    nowhere: ['train'],
    gone: ['train'],
    daemon: ['exporters'],
    lone: ['exporter'],
  },
};

function decideOn(labels: Labels, spec = CLUSTER, rules: EnrichmentRules = RULES) {
  const all = Object.entries(labels).map(([name, value]) => ({ name, value }));
  return decide(all, NOW, inventory(spec), rules);
}

function taught(labels: Labels, spec = CLUSTER): string | undefined {
  const found = decideOn(labels, spec).association;
  return found && `${found.kind} ${found.key} of ${found.node}: ${found.podUid}`;
}

const DCGM = { __name__: 'DCGM_FI_DEV_GPU_TEMP', Hostname: 'n1', gpu: '0', UUID: 'GPU-1' };
const AMD = { __name__: 'gpu_gfx_activity', hostname: 'n1', gpu_id: '3', serial_number: 'S3' };
const exported = (name: string, namespace = 'ml') => ({ exported_pod: name, exported_namespace: namespace });
const named = (name: string, namespace = 'ml') => ({ pod: name, namespace });

describe('the labels of a series teach who holds its device', () => {
  it('when the exporter names a pod, by whichever labels', () => {
    expect(taught({ ...DCGM, ...exported('a') })).toBe('gpu 0 of n1: a');
    expect(taught({ ...AMD, ...named('a') })).toBe('gpu 3 of n1: a');
    expect(taught({ ...AMD, pod_uuid: 'a' })).toBe('gpu 3 of n1: a');
    expect(taught({ __name__: 'gaudi_temp', node: 'n1', asic: 'hl0', ...named('a') })).toBe('asic hl0 of n1: a');
  });

  it('with what else the device is known by, and with the exporter beside the pod', () => {
    const { association } = decideOn({ ...DCGM, ...exported('a'), ...named('lone', 'mon') });
    expect(association).toMatchObject({ uuid: 'GPU-1', serial: null, explicit: true, exporterUid: 'lone' });
    expect(decideOn({ ...AMD, ...named('a') }).association).toMatchObject({
      uuid: null,
      serial: 'S3',
      explicit: false,
    });
  });

  it('but not when a name lacks its namespace', () => {
    for (const label of ['pod', 'pod_name', 'exported_pod']) {
      const labels = { [label]: 'a' };
      expect(decideOn({ ...AMD, ...labels }).outcome).toBe('emitted');
      expect(taught({ ...AMD, ...labels })).toBeUndefined();
    }
  });

  it('but not when the pod cannot be the one: on another node or an unknown one, ended, without workload', () => {
    for (const name of ['elsewhere', 'nowhere', 'gone', 'ownerless', 'nobody'])
      expect(taught({ ...DCGM, ...exported(name) })).toBeUndefined();
  });

  it('but not when it is an exporter: a daemon, the scraped address, the pod of a label kept for that', () => {
    expect(taught({ ...DCGM, ...exported('daemon', 'mon') })).toBeUndefined();
    expect(taught({ ...AMD, ...named('daemon', 'mon') })).toBeUndefined();
    expect(taught({ ...AMD, ...named('lone', 'mon'), instance: '10.1.0.9:5000' })).toBeUndefined();
    expect(taught({ ...AMD, ...named('lone', 'mon'), primus_lens_source_pod_name: 'lone' })).toBeUndefined();
  });

  it('but not when an application speaks of devices in its own way, even when its pod holds some', () => {
    expect(taught({ __name__: 'train_step_seconds', node: 'n1', gpu_id: '0', ...named('a') })).toBeUndefined();
    const spec = { ...CLUSTER, bindings: [held('n1/7', 'a')] };
    expect(taught({ ...AMD, ...named('a'), instance: '10.1.0.1:8000' }, spec)).toBeUndefined();
  });

  it('but not when there is no such device of its own: shared RDMA, a partition, no number, no node', () => {
    expect(taught({ __name__: 'rdma_tx', node: 'n1', rdma_if_name: 'mlx5_0', ...named('a') })).toBeUndefined();
    expect(taught({ ...DCGM, GPU_I_ID: '1', ...exported('a') })).toBeUndefined();
    expect(taught({ ...AMD, gpu_compute_partition_type: 'CPX', ...named('a') })).toBeUndefined();
    expect(taught({ ...AMD, gpu_partition_id: '2', ...named('a') })).toBeUndefined();
    expect(taught({ ...DCGM, gpu: 'all', ...exported('a') })).toBeUndefined();
    expect(taught({ ...DCGM, Hostname: 'nX', ...exported('a') })).toBeUndefined();
    const whole = { gpu_compute_partition_type: 'spx', gpu_partition_id: '0' };
    expect(taught({ ...AMD, ...whole, ...named('a') })).toBe('gpu 3 of n1: a');
  });

  it('and nothing at all when learning is off', () => {
    const off = decideOn({ ...DCGM, ...exported('a') }, CLUSTER, { ...RULES, learnDevices: false });
    expect(off.association).toBeUndefined();
  });
});

describe('what was learned', () => {
  const learned = (path: string, uid: string) => held(path, uid, { learned: true });
  const owner = (labels: Labels, ...bindings: ReturnType<typeof learned>[]) => {
    const decision = decideOn(labels, { ...CLUSTER, bindings });
    return decision.outcome === 'emitted' ? decision.series.map((one) => one.pod.uid).join() : decision.outcome;
  };

  it('is used for series that name no pod, and teaches nothing itself', () => {
    expect(owner(AMD, learned('n1/3', 'a'))).toBe('a');
    expect(owner({ ...AMD, __name__: 'my_gpu_watts' }, learned('n1/3', 'a'))).toBe('a');
    expect(owner({ ...AMD, ...named('daemon', 'mon') }, learned('n1/3', 'a'))).toBe('a');
    expect(taught(AMD, { ...CLUSTER, bindings: [learned('n1/3', 'a')] })).toBeUndefined();
  });

  it('counts less than what the series itself says, and than what others know', () => {
    expect(owner({ ...AMD, ...named('b') }, learned('n1/3', 'a'))).toBe('b');
    expect(owner(AMD, learned('n1/3', 'a'), held('n1/3', 'b'))).toBe('b');
  });

  it('does not make other pods of the node look idle', () => {
    expect(owner({ ...AMD, ...named('b') }, learned('n1/0', 'a'))).toBe('b');
    expect(taught({ ...AMD, ...named('b') }, { ...CLUSTER, bindings: [learned('n1/0', 'a')] })).toBe('gpu 3 of n1: b');
  });

  it('does not make an exporter believed that was not before', () => {
    const asTarget = { ...AMD, ...named('lone', 'mon'), instance: '10.1.0.9:5000' };
    expect(owner(asTarget)).toBe('no_device');
    expect(owner(asTarget, learned('n1/0', 'lone'))).toBe('no_device');
    expect(owner(asTarget, held('n1/0', 'lone'))).toBe('lone');
    const daemon = { ...AMD, ...named('daemon', 'mon') };
    expect(owner(daemon, learned('n1/0', 'daemon'))).toBe('no_device');
  });
});
