import { node, pod, workload, type InventorySpec } from '../../../test/support/metrics-inventory.js';
import { Pipeline } from '../../../test/support/metrics-pipeline.js';
import { series, STALE, type Labels } from '../../../test/support/metrics-wire.js';
import type { LearnedDevice } from '../../pods/core/learned-device.js';
import { LearnedAssociations } from './learned-associations.js';

const START = 1_000_000_000;
const EXPIRY = 300_000;
const NAMES = ['a', 'b', 'exporter'];
const SPEC: InventorySpec = {
  nodes: [node('n1')],
  workloads: [workload('ml/w', 'Deployment')],
  pods: NAMES.map((name) => pod(`ml/${name}`)),
  owners: Object.fromEntries(NAMES.map((name) => [name, ['w']])),
};
const METRIC = { __name__: 'gpu_temp', node: 'n1', gpu_id: '0' };
const plain = (name: string, more: Labels = {}): Labels => ({ ...METRIC, namespace: 'ml', pod: name, ...more });
const explicit = (name: string, more: Labels = {}): Labels => ({
  ...METRIC,
  exported_namespace: 'ml',
  exported_pod: name,
  ...more,
});

/** The pipeline with learning, at times in seconds after the start. */
class Timeline {
  readonly pipeline = new Pipeline(SPEC, { maxSeries: 10_000 });
  readonly learned: LearnedAssociations;
  now = START;

  constructor(maxAssociations = 100) {
    const { cache } = this.pipeline;
    const limits = { expiry: EXPIRY, maxAssociations, isLive: cache.isLive.bind(cache) };
    this.learned = new LearnedAssociations(limits, () => this.now);
    this.pipeline.decisions.learner = this.learned;
  }

  at(seconds: number): this {
    this.now = START + seconds * 1_000;
    return this;
  }

  push(all: Labels[], value: number | string = 1, ahead = 0): this {
    this.pipeline.take(...all.map((labels) => series(labels, [value, this.now + ahead * 1_000])));
    this.pipeline.accept();
    return this;
  }

  /** What is due as `pod gpu first-last`; told to the database unless it fails. */
  due(fails = false): string[] {
    const steps = this.learned.due(this.now - EXPIRY);
    let step = steps.next();
    while (step.done !== true) step = steps.next();
    if (!fails) this.learned.written(step.value);
    return step.value.map(inSeconds);
  }
}

const second = (time: number) => (time - START) / 1_000;
const inSeconds = ({ podUid, key, first, last }: LearnedDevice) => `${podUid} ${key} ${second(first)}-${second(last)}`;

describe('what series say about holders of devices', () => {
  it('is told at once, then once in more than a minute, from the times of samples alone', () => {
    const timeline = new Timeline().push([plain('a')]);
    expect(timeline.due()).toEqual(['a 0 0-0']);
    expect(
      timeline
        .at(60)
        .push([plain('a')])
        .due(),
    ).toEqual([]);
    expect(
      timeline
        .at(75)
        .push([plain('a')])
        .due(),
    ).toEqual(['a 0 0-75']);
    expect(timeline.at(90).due()).toEqual([]);
  });

  it('is told again when the database could not be told', () => {
    const timeline = new Timeline().push([plain('a')]);
    expect([timeline.due(true), timeline.due(), timeline.due()]).toEqual([['a 0 0-0'], ['a 0 0-0'], []]);
  });

  it('is told without delay while two pods are named, so that it shows who is there no more', () => {
    const timeline = new Timeline().push([plain('a'), plain('b')]);
    expect(timeline.due()).toEqual(['a 0 0-0', 'b 0 0-0']);
    expect(
      timeline
        .at(15)
        .push([plain('b')])
        .due(),
    ).toEqual(['b 0 0-15']);
  });

  it('outlives single metrics, and a series that ends with a marker says no more', () => {
    const other = { __name__: 'gpu_power' };
    const timeline = new Timeline().push([plain('a'), plain('a', other)]);
    timeline.due();
    timeline
      .at(100)
      .push([plain('a')], STALE)
      .push([plain('a', other)]);
    expect(timeline.due()).toEqual(['a 0 0-100']);
    timeline.at(200).push([plain('a'), plain('a', other)], STALE);
    expect(timeline.due()).toEqual([]);
  });

  it('begins anew after a silence longer than the expiry', () => {
    const timeline = new Timeline().push([plain('a')]);
    timeline.due();
    expect(timeline.at(301).due()).toEqual([]);
    expect(
      timeline
        .at(400)
        .push([plain('a')])
        .due(),
    ).toEqual(['a 0 400-400']);
  });

  it('follows a pod that is made again under its name', () => {
    const timeline = new Timeline().push([plain('a')]);
    timeline.due();
    timeline.at(30).push([plain('a')]);
    const made = { uid: 'a2', startedAt: timeline.at(40).now };
    timeline.pipeline.change({
      pods: [pod('ml/a', { endedAt: timeline.now }), pod('ml/a', made)],
      owners: { a2: ['w'] },
    });
    timeline.at(45).push([plain('a')]);
    expect(timeline.due()).toEqual(['a 0 0-30', 'a2 0 45-45']);
    expect(
      timeline
        .at(200)
        .push([plain('a')])
        .due(),
    ).toEqual(['a2 0 45-200']);
  });

  it('does not count when it comes from the future', () => {
    const timeline = new Timeline().push([plain('a')], 1, 61);
    expect(timeline.due()).toEqual([]);
    timeline.push([plain('b')], 1, 59);
    expect(timeline.due()).toEqual(['b 0 59-59']);
  });

  it('is forgotten with its series', () => {
    const timeline = new Timeline().push([plain('a')]);
    timeline.at(400);
    for (let i = 0; i < 2; i++) timeline.pipeline.cache.rotate();
    timeline.due();
    expect(timeline.learned.size).toBe(0);
  });

  it('is bounded', () => {
    const timeline = new Timeline(1).push([plain('a'), plain('b', { gpu_id: '1' })]);
    expect(timeline.due()).toEqual(['a 0 0-0']);
    expect([timeline.learned.size, timeline.learned.refused]).toEqual([1, 1]);
  });
});

describe('an exporter that is no daemon', () => {
  const idle = plain('exporter', { gpu_id: '1' });

  it('is recognised beside the pod that it exports, before or after its own name was taken for a holder', () => {
    for (const order of [
      [idle, explicit('a', { namespace: 'ml', pod: 'exporter' })],
      [explicit('a', { namespace: 'ml', pod: 'exporter' }), idle],
    ]) {
      const timeline = new Timeline();
      for (const labels of order) timeline.push([labels]);
      expect(timeline.due()).toEqual(['a 0 0-0']);
      expect(timeline.learned.takeExporters()).toEqual(['exporter']);
      expect(timeline.learned.takeExporters()).toEqual([]);
      expect(timeline.at(100).push(order).due()).toEqual(['a 0 0-100']);
    }
  });

  it('does not count beside an express word about the same device', () => {
    const timeline = new Timeline().push([plain('exporter', { __name__: 'amd_watts' }), explicit('a')]);
    expect(timeline.due()).toEqual(['a 0 0-0']);
  });
});
