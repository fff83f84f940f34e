import { Logger } from '@nestjs/common';
import { register } from 'prom-client';
import { load } from '../../../src/config/load.js';
import { DeviceLearning } from '../../../src/metrics/device-learning/device-learning.job.js';
import { LearnedAssociations } from '../../../src/metrics/device-learning/learned-associations.js';
import { MetricsForwarder } from '../../../src/metrics/forwarder/forwarder.service.js';
import { EnrichmentEngine } from '../../../src/metrics/ingest/enrichment-engine.js';
import { RemoteWriteService } from '../../../src/metrics/ingest/remote-write.service.js';
import { explain } from '../../../src/metrics/insight/explain.js';
import { MetricsSelfMetrics } from '../../../src/metrics/self-metrics.js';
import { LearnedDevices } from '../../../src/pods/learned-devices/learned-devices.service.js';
import { snappyCompress } from '../../../src/wire/snappy.js';
import { ManualClock } from '../../fakes/manual-clock.js';
import { RecordingSink } from '../../fakes/recording-sink.js';
import type { TestDatabase } from '../../support/database.js';
import { labelsOf, series, writeRequest, type Labels } from '../../support/metrics-wire.js';
import { eachWithFreshApp, PodsApp } from '../pods/pods-app.js';

Logger.overrideLogger(false);

/** The metrics path on the inventory of an app, on a clock of the test's. */
class Process {
  readonly sink = new RecordingSink();
  readonly engine: EnrichmentEngine;
  private readonly service: RemoteWriteService;
  private readonly learning: DeviceLearning;

  constructor(
    private readonly app: PodsApp,
    private readonly clock: ManualClock,
    settings: Record<string, string> = {},
  ) {
    register.clear();
    const { metrics: config, pods } = load([], settings, () => '');
    this.engine = new EnrichmentEngine(app.cache, config, pods);
    const own = new MetricsSelfMetrics();
    const forwarder = new MetricsForwarder([this.sink], config, clock, own);
    this.service = new RemoteWriteService(this.engine, forwarder, app.cache, own, config);
    const { cache } = this.engine;
    const associations = new LearnedAssociations(
      { expiry: config.learnedDeviceExpiry, maxAssociations: 100, isLive: cache.isLive.bind(cache) },
      () => clock.now(),
    );
    this.engine.decisions.learner = associations;
    this.learning = new DeviceLearning(associations, forwarder, app.get(LearnedDevices), clock, own);
  }

  /** Pushes samples of now; returns the pods of what is stored, sorted. */
  async push(...all: Labels[]): Promise<string[]> {
    const before = this.sink.accepted.length;
    const request = writeRequest(all.map((labels) => series(labels, [1, this.clock.now()])));
    await this.service.take(snappyCompress(request), { version: 1, encoding: 'snappy' }).catch(() => undefined);
    return this.sink.accepted
      .slice(before)
      .map((one) => labelsOf(one)['pod_name'] ?? '')
      .sort();
  }

  async learn(): Promise<void> {
    await this.learning.run();
    await this.app.cache.refresh();
  }
}

const DCGM = { __name__: 'DCGM_FI_DEV_GPU_TEMP', Hostname: 'n1', gpu: '0', UUID: 'GPU-1' };
const says = (pod: string): Labels => ({
  ...DCGM,
  ...{ exported_pod: pod, exported_namespace: 'ml', pod: 'exporter', namespace: 'mon' },
});
const BARE = { __name__: 'gpu_power_watts', node: 'n1', gpu_id: '0' };
const pod = (name: string) => ({
  ...{ uid: `uid-${name}`, name, namespace: name === 'exporter' ? 'mon' : 'ml', node_name: 'n1' },
  workload_uids: ['w'],
});
const INVENTORY = {
  nodes: [{ name: 'n1' }],
  workloads: [{ uid: 'w', name: 'w', namespace: 'ml', kind: 'Job' }],
  pods: ['a', 'b', 'exporter'].map(pod),
};

describe('series of a device without pod labels', () => {
  let app: PodsApp;
  let database: TestDatabase;
  let clock: ManualClock;
  let process: Process;

  eachWithFreshApp((fresh) => ({ app, database } = fresh));

  beforeEach(async () => {
    expect(await app.put(INVENTORY)).toMatchObject({ status: 200 });
    clock = new ManualClock(Date.now());
    process = new Process(app, clock);
  });

  const wait = (seconds: number) => {
    clock.advance(seconds * 1_000);
  };
  /** Scrapes every 15 s for a time, learning in between. */
  const scrape = async (seconds: number, ...all: Labels[]): Promise<string[]> => {
    let stored: string[] = [];
    for (let passed = 0; passed < seconds; passed += 15) {
      wait(15);
      stored = await process.push(...all);
      await process.learn();
    }
    return stored;
  };

  it('follow the pod that another exporter names for it', async () => {
    expect(await process.push(BARE)).toEqual([]);
    expect(await process.push(says('a'))).toEqual(['a']);
    await process.learn();
    wait(15);
    expect(await process.push(BARE)).toEqual(['a']);
    expect(await process.push({ ...BARE, gpu_id: '1' })).toEqual([]);
    const labels = Object.entries(BARE).map(([name, value]) => ({ name, value }));
    const sample = { labels, timestamp: clock.now(), value: 1 };
    const { steps } = explain(sample, app.cache.view(), process.engine.decisions.rules);
    expect(steps.at(-1)).toEqual({
      rule: 'device',
      tried: "gpu 0 of n1 (learned from exporters' labels)",
      result: 'ml/a',
    });
  });

  it('follow it when the device moves to another pod', async () => {
    await scrape(300, says('a'), BARE);
    expect(await scrape(60, says('b'), BARE)).toEqual(['a', 'b', 'b']);
    expect(await scrape(120, says('b'), BARE)).toEqual(['b', 'b']);
  });

  it('belong to both pods of a shared device', async () => {
    expect(await scrape(600, says('a'), says('b'), BARE)).toEqual(['a', 'a', 'b', 'b']);
  });

  it('belong to nobody once the exporter has said nothing for the expiry and the grace period', async () => {
    await scrape(300, says('a'), BARE);
    expect(await scrape(240, BARE)).toEqual(['a']);
    expect(await scrape(420, BARE)).toEqual([]);
    expect(await scrape(30, says('a'), BARE)).toEqual(['a', 'a']);
  });

  it('keep their pod while a storage is away for long', async () => {
    await scrape(300, says('a'), BARE);
    process.sink.result = { kind: 'unavailable', detail: 'away' };
    await scrape(900, says('a'), BARE);
    process.sink.result = { kind: 'accepted' };
    expect(await scrape(15, says('a'), BARE)).toEqual(['a', 'a']);
  });

  it('keep their pod over a restart', async () => {
    await scrape(30, says('a'));
    const restarted = await PodsApp.start(database.url);
    try {
      expect(await new Process(restarted, clock).push(BARE)).toEqual(['a']);
    } finally {
      await restarted.stop();
    }
  });

  it('are no longer given by what was learned once learning is turned off', async () => {
    await scrape(30, says('a'));
    process = new Process(app, clock, { METRICS_LEARN_DEVICES: 'false' });
    expect(await scrape(120, says('a'), BARE)).toEqual(['a', 'a']);
    expect(await scrape(900, says('a'), BARE)).toEqual(['a']);
  });

  it('never go to the exporter, which is no daemon, in whatever order it shows itself', async () => {
    const idle = { ...DCGM, gpu: '1', UUID: 'GPU-2', pod: 'exporter', namespace: 'mon' };
    const bareIdle = { ...BARE, gpu_id: '1' };
    await scrape(60, idle);
    await scrape(60, idle, says('a'));
    expect(await scrape(60, bareIdle, BARE)).toEqual(['a']);
    process = new Process(app, clock);
    await scrape(60, idle, says('a'));
    expect(await scrape(60, bareIdle, BARE)).toEqual(['a']);
  });
});
