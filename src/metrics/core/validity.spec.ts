import fc from 'fast-check';
import { held, inventory, node, pod, RULES, workload } from '../../../test/support/metrics-inventory.js';
import { decide, type Decision } from './decide.js';

const rules = { ...RULES, graceMs: 7 };
const time = fc.option(fc.integer({ min: 0, max: 30 }), { nil: null });
const PODS = ['a', 'b', 'c'];

const pods = fc.tuple(
  ...PODS.map((uid) =>
    fc
      .record({ name: fc.constantFrom('x', 'y'), namespace: fc.constantFrom('n', 'm'), startedAt: time, endedAt: time })
      .map(({ name, namespace, ...life }) => pod(`${namespace}/${name}`, { uid, ...life })),
  ),
);
const bindings = fc.array(
  fc
    .record({
      key: fc.constantFrom('0', '1'),
      podUid: fc.option(fc.constantFrom(...PODS), { nil: null }),
      uuid: fc.option(fc.constantFrom('u', 'v'), { nil: null }),
      boundAt: time,
      releasedAt: time,
      id: fc.nat(9).map(String),
    })
    .map(({ key, podUid, ...fields }) => held(`n1/${key}`, podUid, fields)),
  { maxLength: 5 },
);
const labels = fc.record(
  {
    __name__: fc.constantFrom('gpu_temp', 'm'),
    gpu_id: fc.constantFrom('0', '1'),
    UUID: fc.constantFrom('u', 'v'),
    node: fc.constant('n1'),
    uid: fc.constantFrom(...PODS),
    pod: fc.constantFrom('x', 'y'),
    namespace: fc.constantFrom('n', 'm'),
    exported_pod: fc.constantFrom('x', 'y'),
    exported_namespace: fc.constantFrom('n', 'm'),
  },
  { requiredKeys: ['__name__'] },
);

/** What a reader of a decision sees, without the span it holds for. */
function content({ outcome, owner, series }: Decision): unknown {
  return { outcome, rule: owner?.rule, endedAt: owner?.endedAt, series };
}

it('a decision holds for every sample time of its span', () => {
  fc.assert(
    fc.property(pods, bindings, labels, fc.integer({ min: -1, max: 45 }), (podRows, bindingRows, input, at) => {
      const view = inventory({
        nodes: [node('n1')],
        workloads: [workload('n/w')],
        pods: podRows,
        owners: { a: ['w'] },
        bindings: bindingRows,
      });
      const list = Object.entries(input).map(([name, value]) => ({ name, value }));
      const decision = decide(list, at, view, rules);
      expect(decision.from).toBeLessThanOrEqual(at);
      expect(decision.to).toBeGreaterThan(at);
      for (let other = -2; other < 50; other++) {
        if (other < decision.from || other >= decision.to) continue;
        expect({ other, ...(content(decide(list, other, view, rules)) as object) }).toEqual({
          other,
          ...(content(decision) as object),
        });
      }
    }),
    { numRuns: 500 },
  );
});
