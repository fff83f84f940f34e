import { ProtobufWriter } from '../../src/wire/protobuf-writer.js';
import { writeLabelBlock } from '../../src/metrics/ingest/label-block.js';

export const NODES = 20;
export const GPUS_PER_NODE = 8;

/** Fields of AMD's exporter, so many that NODES × GPUS_PER_NODE × fields gives the distinct series asked for. */
export function metricName(i: number): string {
  return `gpu_${['clock', 'package_power', 'gfx_activity', 'used_vram', 'total_vram', 'xgmi_link_rx', 'pcie_bandwidth'][i % 7] ?? ''}_${Math.floor(i / 7)}`;
}

export function nodeName(i: number): string {
  return `gpu-node-${String(i).padStart(2, '0')}`;
}

/** The inventory that the series belong to: one pod per node holds its GPUs, one workload owns all pods. */
export function inventory(): object {
  const numbers = Array.from({ length: NODES }, (_, i) => i);
  return {
    nodes: numbers.map((i) => ({ name: nodeName(i), address: `10.0.0.${i}`, status: 'Ready' })),
    workloads: [
      { uid: 'b7e2f0a4-workload', name: 'llama3-70b-pretrain', namespace: 'ml', kind: 'PyTorchJob', status: 'Running' },
    ],
    pods: numbers.map((i) => ({
      uid: `4c1d9e77-pod-${i}`,
      name: `llama3-70b-pretrain-worker-${i}`,
      namespace: 'ml',
      node_name: nodeName(i),
      phase: 'Running',
      workload_uids: ['b7e2f0a4-workload'],
      devices: Array.from({ length: GPUS_PER_NODE }, (_, no) => ({ type: 'gpu', no, name: `card${no}` })),
    })),
  };
}

/** The nodes that series come from. */
export interface SeriesNodes {
  readonly count: number;
  readonly name: (node: number) => string;
}

/** A series with the sixteen labels that AMD's exporter and a scrape give it. */
function labels(i: number, nodes: SeriesNodes): { name: string; value: string }[] {
  const gpu = i % GPUS_PER_NODE;
  const node = Math.floor(i / GPUS_PER_NODE) % nodes.count;
  return Object.entries({
    __name__: metricName(Math.floor(i / (GPUS_PER_NODE * nodes.count))),
    card_model: '102-G30211-0C',
    cluster_name: 'gpu-cluster-a',
    deployment_mode: 'k8s',
    driver_version: '6.10.5',
    environment: 'production',
    gpu_compute_partition_type: 'spx',
    gpu_id: String(gpu),
    gpu_memory_partition_type: 'nps1',
    gpu_partition_id: '0',
    hostname: nodes.name(node),
    instance: `10.0.0.${node}:5000`,
    job: 'amd-device-metrics-exporter',
    primus_lens_cluster: 'gpu-cluster-a',
    serial_number: `69230${String(node).padStart(3, '0')}00${gpu}`,
    vbios_version: '022.040.003.042.000001',
  }).map(([name, value]) => ({ name, value }));
}

/** WriteRequests of `perRequest` series each that together hold `distinct` series, one sample each, at time `now` (ms). */
export function requests(
  distinct: number,
  perRequest: number,
  now: number,
  offset = 0,
  nodes: SeriesNodes = { count: NODES, name: nodeName },
): Buffer[] {
  const series = new ProtobufWriter();
  const sample = new ProtobufWriter(32);
  const all: Buffer[] = [];
  for (let from = 0; from < distinct; from += perRequest) {
    const request = new ProtobufWriter(1 << 20);
    for (let i = from; i < Math.min(distinct, from + perRequest); i++) {
      sample.reset();
      sample.varint(0x09);
      sample.double(((i * 2654435761) % 100_000) / 100);
      sample.varint(0x10);
      sample.int64(now);
      series.reset();
      series.raw(writeLabelBlock(labels(offset + i, nodes)));
      series.bytesField(0x12, sample.view());
      request.bytesField(0x0a, series.view());
    }
    all.push(request.copy());
  }
  return all;
}

/**
 * Moves every sample of a request made by `requests` from one time to another, in place: both times must take the same
 * number of varint bytes.
 */
export function retime(request: Buffer, from: number, to: number): void {
  const before = varint(from);
  const after = varint(to);
  if (before.length !== after.length) throw new Error('times of different length');
  for (let at = request.indexOf(before); at >= 0; at = request.indexOf(before, at + before.length))
    after.copy(request, at);
}

function varint(value: number): Buffer {
  const writer = new ProtobufWriter(16);
  writer.varint(0x10);
  writer.int64(value);
  return writer.copy();
}
