/** Micro-benchmark of the metrics hot path: bytes of one request in, bytes of enriched series out; no network, no codec. */
import { OutgoingBatch } from '../src/metrics/ingest/outgoing-batch.js';
import { SeriesCache } from '../src/metrics/ingest/series-cache.js';
import { SeriesDecisions } from '../src/metrics/ingest/series-decisions.js';
import { SeriesWalker } from '../src/metrics/ingest/series-walker.js';
import { MetricActivities } from '../src/metrics/metric-activity.js';
import { InventoryIndex } from '../src/pods/core/inventory-index.js';
import { Stamps } from '../src/pods/core/stamps.js';
import { writeLabelBlock } from '../src/metrics/ingest/label-block.js';
import { ProtobufWriter } from '../src/wire/protobuf-writer.js';
import { snappyCompress, snappyUncompress } from '../src/wire/snappy.js';

const stamps = new Stamps();
const index = new InventoryIndex(stamps);
const nodes = Array.from({ length: 20 }, (_, i) => `gpu-node-${i}`);
index.apply({
  nodes: nodes.map((name) => ({ name, addresses: [], removedAt: null })),
  workloads: [{ uid: 'wl-1', name: 'llama3-70b', namespace: 'ml', kind: 'PyTorchJob', removedAt: null }],
  pods: nodes.map((node) => ({
    uid: `pod-${node}`,
    name: `worker-${node}`,
    namespace: 'ml',
    nodeName: node,
    podIp: null,
    startedAt: null,
    endedAt: null,
    ownersKnown: true,
  })),
  podWorkloads: nodes.map((node) => ({ podUid: `pod-${node}`, workloadUid: 'wl-1', removedAt: null })),
  bindings: nodes.flatMap((node) =>
    Array.from({ length: 8 }, (_, no) => ({
      id: `${node}-${no}`,
      node,
      kind: 'gpu' as const,
      key: String(no),
      uuid: null,
      serial: null,
      podUid: `pod-${node}`,
      boundAt: null,
      releasedAt: null,
      withdrawn: false,
      learned: false,
    })),
  ),
});
const cache = new SeriesCache(512 << 20);
const decisions = new SeriesDecisions(
  cache,
  () => index,
  stamps,
  {
    nodeLabels: ['hostname'],
    devices: [{ deviceClass: 'gpu', labels: ['gpu_id'], families: ['gpu_'], uuidLabels: [] }],
    exporterPodLabels: [],
    graceMs: 300_000,
    maxWorkloadsPerPod: 16,
    namePrefix: 'workload_',
    job: 'primus-lens-telemetry-processor',
    forwardUnmatched: false,
    learnDevices: false,
  },
  {
    limits: { maxLabelsPerSeries: 100, maxLabelNameBytes: 1024, maxLabelValueBytes: 16384 },
    activities: new MetricActivities(10000),
  },
);
const walker = new SeriesWalker(cache, decisions, 50_000);

function payload(from: number, count: number, now: number): Buffer {
  const w = new ProtobufWriter();
  const series = new ProtobufWriter();
  for (let i = from; i < from + count; i++) {
    series.reset();
    series.raw(
      writeLabelBlock(
        [
          ['__name__', `gpu_metric_${i % 63}`],
          ['card_model', '102-G30211-0C'],
          ['cluster_name', 'cluster-a'],
          ['container', ''],
          ['driver_version', '6.10.5'],
          ['gpu_compute_partition_type', 'spx'],
          ['gpu_id', String(i % 8)],
          ['gpu_memory_partition_type', 'nps1'],
          ['gpu_partition_id', '0'],
          ['hostname', nodes[i % 20]!],
          ['instance', `10.0.0.${i % 20}:5000`],
          ['job', 'amd-device-metrics-exporter'],
          ['namespace', ''],
          ['pod', ''],
          ['serial_number', `692302000${i}`],
          ['vbios_version', '022.040.003.042.000001'],
        ].map(([name, value]) => ({ name: name!, value: value! })),
      ),
    );
    const sample = new ProtobufWriter(64);
    sample.varint(0x09);
    sample.double(i * 1.5);
    sample.varint(0x10);
    sample.int64(now);
    series.bytesField(0x12, sample.view());
    w.bytesField(0x0a, series.view());
  }
  return w.copy();
}
const batch = new OutgoingBatch();
const bodies = Array.from({ length: 5 }, (_, i) => payload(i * 2000, 2000, 1_800_000_000_000));
console.log('bytes per request', bodies[0]!.length);
const compressed = bodies.map((body) => snappyCompress(body));
for (const [name, rounds] of [
  ['warm', 40],
  ['measured', 400],
] as const) {
  let walk = 0n,
    un = 0n,
    comp = 0n;
  let samples = 0;
  for (let r = 0; r < rounds; r++)
    for (const c of compressed) {
      const t0 = process.hrtime.bigint();
      const body = snappyUncompress(c, 1 << 26, 'x');
      const t1 = process.hrtime.bigint();
      batch.reset();
      walker.walk(body, batch);
      decisions.contests.take();
      const t2 = process.hrtime.bigint();
      const out = snappyCompress(batch.series.view());
      const t3 = process.hrtime.bigint();
      un += t1 - t0;
      walk += t2 - t1;
      comp += t3 - t2;
      samples += batch.counts[0]!;
      if (r === 0 && c === compressed[0]) console.log('out', batch.series.length, out.length, batch.emittedSeries);
    }
  console.log(
    name,
    samples,
    'ns/sample: uncompress',
    Number(un) / samples,
    'walk',
    Number(walk) / samples,
    'compress',
    Number(comp) / samples,
  );
}
