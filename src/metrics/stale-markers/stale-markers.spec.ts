import { Logger } from '@nestjs/common';
import { register } from 'prom-client';
import { ManualClock } from '../../../test/fakes/manual-clock.js';
import { RecordingSink } from '../../../test/fakes/recording-sink.js';
import {
  held,
  inventory,
  node,
  pod,
  toRows,
  workload,
  type InventorySpec,
} from '../../../test/support/metrics-inventory.js';
import { labelsOf, series, STALE, writeRequest, type Series } from '../../../test/support/metrics-wire.js';
import { load } from '../../config/load.js';
import type { InventoryCache } from '../../pods/cache/inventory-cache.service.js';
import { snappyCompress } from '../../wire/snappy.js';
import { MetricsForwarder } from '../forwarder/forwarder.service.js';
import { EnrichmentEngine } from '../ingest/enrichment-engine.js';
import { RemoteWriteService } from '../ingest/remote-write.service.js';
import { MetricsSelfMetrics } from '../self-metrics.js';
import { StaleMarkers } from './stale-markers.service.js';
import type { SweepSchedule } from './sweep-schedule.service.js';

Logger.overrideLogger(false);

const START = 1_000_000_000;
const GPU = { __name__: 'gpu_temp', gpu_id: '0', node: 'n1' };
const CPU = { __name__: 'cpu', namespace: 'ml', pod: 'a' };
const SPEC: InventorySpec = {
  nodes: [node('n1')],
  workloads: [workload('ml/w'), workload('ml/v')],
  pods: [pod('ml/a'), pod('ml/b')],
  owners: { a: ['w'], b: ['v'] },
  bindings: [held('n1/0', 'a', { id: '1' })],
};
const released = (at: number) => held('n1/0', 'a', { id: '1', releasedAt: at });

/** The metrics path without HTTP and database, on a clock of the test's. */
class Timeline {
  readonly sink = new RecordingSink();
  private readonly clock = new ManualClock(START);
  private readonly index = inventory(SPEC);
  private readonly service: RemoteWriteService;
  private readonly markers: StaleMarkers;

  constructor() {
    register.clear();
    const { metrics: config, pods } = load([], {}, () => '');
    const cache = { view: () => this.index, stamps: this.index.stamps, synced: true } as unknown as InventoryCache;
    const engine = new EnrichmentEngine(cache, config, pods);
    const own = new MetricsSelfMetrics();
    const forwarder = new MetricsForwarder([this.sink], config, this.clock, own);
    this.service = new RemoteWriteService(engine, forwarder, cache, own, config);
    this.markers = new StaleMarkers(engine, forwarder, {} as SweepSchedule, this.clock, own);
  }

  get now(): number {
    return this.clock.now() - START;
  }

  /** Moves to a time in seconds after the start. */
  at(seconds: number): this {
    this.clock.advance(seconds * 1_000 - this.now);
    return this;
  }

  change(spec: InventorySpec): this {
    this.index.apply(toRows(spec));
    return this;
  }

  /** Samples of now, or of `ago` seconds before. */
  async push(all: Record<string, string>[], ago = 0): Promise<void> {
    const request = writeRequest(all.map((labels) => series(labels, [1, this.clock.now() - ago * 1_000])));
    await this.service.take(snappyCompress(request), { version: 1, encoding: 'snappy' }).catch(() => undefined);
  }

  /** Sweeps; returns what was stored by that, as `pod/workload@seconds`. */
  async sweep(): Promise<string[]> {
    const before = this.sink.accepted.length;
    await this.markers.run();
    const added = this.sink.accepted.slice(before);
    expect(added.flatMap(({ samples }) => samples.map(([bits]) => bits))).toEqual(added.map(() => STALE));
    return added.map(describeSeries).sort();
  }
}

function describeSeries(one: Series): string {
  const { pod_name: podName = '', workload_name: workloadName = '' } = labelsOf(one);
  return `${podName}/${workloadName}@${((one.samples[0]?.[1] ?? 0) - START) / 1_000}`;
}

let timeline: Timeline;
beforeEach(() => {
  timeline = new Timeline();
});

describe('a workload series is ended', () => {
  it('at the second look after its device was released, once', async () => {
    await timeline.push([GPU]);
    expect(await timeline.at(1).sweep()).toEqual([]);
    timeline.at(10).change({ bindings: [released(START + 10_000)] });
    expect(await timeline.at(11).sweep()).toEqual([]);
    expect(await timeline.at(31).sweep()).toEqual(['a/w@31']);
    for (const second of [51, 71, 91]) expect(await timeline.at(second).sweep()).toEqual([]);
  });

  it('and readings of the idle device do not bring it back, but late ones still count', async () => {
    await timeline.push([GPU]);
    timeline.at(10).change({ bindings: [released(START + 10_000)] });
    await timeline.at(11).sweep();
    await timeline.at(31).sweep();
    const before = timeline.sink.accepted.length;
    await timeline.at(40).push([GPU]);
    expect(timeline.sink.accepted).toHaveLength(before);
    await timeline.push([GPU], 20);
    expect(timeline.sink.accepted.slice(before).map(describeSeries)).toEqual(['a/w@20']);
  });

  it('when its pod is gone, while samples of the grace period may follow', async () => {
    await timeline.push([CPU]);
    timeline.at(10).change({ pods: [pod('ml/a', { endedAt: START + 10_000 })] });
    await timeline.at(11).sweep();
    expect(await timeline.at(31).sweep()).toEqual(['a/w@31']);
    await timeline.at(40).push([CPU]);
    expect(timeline.sink.accepted.map(describeSeries).at(-1)).toBe('a/w@40');
    expect(await timeline.at(51).sweep()).toEqual([]);
  });

  it('when the device has moved and the next holder is fed', async () => {
    await timeline.push([GPU]);
    timeline
      .at(10)
      .change({ bindings: [released(START + 10_000), held('n1/0', 'b', { id: '2', boundAt: START + 10_000 })] });
    await timeline.at(15).push([GPU]);
    expect(await timeline.at(16).sweep()).toEqual(['a/w@16']);
    expect(await timeline.at(36).sweep()).toEqual([]);
  });

  it('for the workload that was taken from its pod, not for the others, and once', async () => {
    timeline.change({ owners: { a: ['v'] } });
    await timeline.push([CPU]);
    timeline.change({ owners: {} });
    const reference = { podUid: 'a', workloadUid: 'w', removedAt: START + 10_000 };
    timeline['index'].apply({ ...toRows({}), podWorkloads: [reference] });
    await timeline.at(11).sweep();
    expect(await timeline.at(31).sweep()).toEqual(['a/w@31']);
    for (const second of [51, 71, 91]) expect(await timeline.at(second).sweep()).toEqual([]);
    await timeline.push([CPU]);
    expect(await timeline.at(95).sweep()).toEqual([]);
  });
});

describe('a workload series is not ended', () => {
  it('while its binding stands, whatever else changes', async () => {
    await timeline.push([GPU, CPU]);
    timeline.change({ pods: [pod('dev/x')], bindings: [held('n1/1', 'b')] });
    for (const second of [1, 21, 41, 200]) expect(await timeline.at(second).sweep()).toEqual([]);
  });

  it('when the binding is back at the second look', async () => {
    await timeline.push([GPU]);
    timeline.at(10).change({ bindings: [released(START + 10_000)] });
    await timeline.at(11).sweep();
    timeline.change({ bindings: [held('n1/0', 'a', { id: '1' })] });
    expect(await timeline.at(31).sweep()).toEqual([]);
    expect(await timeline.at(51).sweep()).toEqual([]);
  });

  it('when the device came back to its holder before the marker was sent', async () => {
    await timeline.push([GPU]);
    timeline
      .at(10)
      .change({ bindings: [released(START + 10_000), held('n1/0', 'b', { id: '2', boundAt: START + 10_000 })] });
    await timeline.at(12).push([GPU]);
    const second = { id: '2', boundAt: START + 10_000, releasedAt: START + 13_000 };
    timeline
      .at(13)
      .change({ bindings: [held('n1/0', 'b', second), held('n1/0', 'a', { id: '3', boundAt: START + 13_000 })] });
    await timeline.at(14).push([GPU]);
    expect(await timeline.at(15).sweep()).toEqual(['b/v@15']);
  });

  it('when it has ended by itself or long ago', async () => {
    await timeline.push([GPU]);
    timeline.change({ bindings: [released(START)] });
    for (const second of [301, 321, 341]) expect(await timeline.at(second).sweep()).toEqual([]);
  });
});

it('a marker that the storage does not take is sent again', async () => {
  await timeline.push([GPU]);
  timeline.at(10).change({ bindings: [released(START + 10_000)] });
  await timeline.at(11).sweep();
  timeline.sink.result = { kind: 'unavailable', detail: 'away' };
  expect(await timeline.at(31).sweep()).toEqual([]);
  timeline.sink.result = { kind: 'accepted' };
  expect(await timeline.at(51).sweep()).toEqual(['a/w@51']);
  expect(await timeline.at(71).sweep()).toEqual([]);
});
