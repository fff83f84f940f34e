import { GRACE, held, inventory, node, pod, RULES, workload } from '../../../test/support/metrics-inventory.js';
import { explain } from './explain.js';

const view = inventory({
  nodes: [node('n1')],
  workloads: [workload('ml/w')],
  pods: [pod('ml/a')],
  owners: { a: ['w'] },
  bindings: [held('n1/0', 'a', { boundAt: 1_000, releasedAt: 2_000 })],
});
const ask = (labels: Record<string, string>, timestamp: number, value?: number) =>
  explain(
    { labels: Object.entries(labels).map(([name, text]) => ({ name, value: text })), timestamp, value },
    view,
    RULES,
  );
const GPU = { __name__: 'gpu_temp', node: 'n1', gpu_id: '0' };

it('tells the rules tried, the pods found and the series that result', () => {
  expect(ask({ ...GPU, exported_pod: 'x', exported_namespace: 'ml' }, 1_500)).toMatchObject({
    outcome: 'emitted',
    rule: 'device',
    timestamp: '1970-01-01T00:00:01.500Z',
    valid_from: '1970-01-01T00:00:01.000Z',
    valid_to: '1970-01-01T00:00:02.000Z',
    pods: [{ uid: 'a', namespace: 'ml', workloads: [{ uid: 'w' }] }],
    series: [{ __name__: 'workload_gpu_temp', workload_uid: 'w' }],
    steps: [
      { rule: 'exported_pod', tried: 'ml/x', result: 'no_pod' },
      { rule: 'node', tried: 'node=n1', result: 'n1' },
      { rule: 'device', tried: 'gpu 0 of n1', result: 'ml/a' },
    ],
  });
});

it('says why a sample is dropped', () => {
  const f = (
    labels: Record<string, string>,
    at: number,
    value: number | undefined,
    outcome: string,
    reason: RegExp,
  ) => {
    const answer = ask(labels, at, value);
    expect([answer.outcome, answer.reason]).toEqual([outcome, expect.stringMatching(reason)]);
    expect(answer.series).toHaveLength(outcome === 'emitted' ? 1 : 0);
  };
  f(GPU, 2_500, 1, 'emitted', /within the grace period/);
  f(GPU, 2_000 + GRACE, 1, 'expired', /grace period/);
  f(GPU, 1_500, -1, 'negative', /below zero/);
  f(GPU, 1_500, 4294967295, 'sentinel', /there is none/);
  f({ ...GPU, node: 'x' }, 1_500, 1, 'no_node', /known node/);
  f({ __name__: 'm' }, 1_500, undefined, 'unmatched', /no label/);
});
