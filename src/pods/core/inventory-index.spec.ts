import fc from 'fast-check';
import { exhaust } from './exhaust.js';
import { InventoryIndex } from './inventory-index.js';
import type {
  DeviceBindingRow,
  InventoryRows,
  NodeRow,
  PodRow,
  PodWorkloadRow,
  WorkloadRow,
} from './inventory-rows.js';
import { StampReads, Stamps } from './stamps.js';

const NODES = ['n1', 'n1.example', 'n2.example', 'n3'];
const ADDRESSES = ['10.0.0.1', '10.0.0.2', 'n1'];
const PODS = ['p1', 'p2', 'p3'];
const WORKLOADS = ['w1', 'w2'];
const NAMES = ['a', 'b'];
const KEYS = ['0', '1'];

const time = fc.option(fc.integer({ min: 1, max: 5 }), { nil: null });
const node: fc.Arbitrary<NodeRow> = fc.record({
  name: fc.constantFrom(...NODES),
  addresses: fc.uniqueArray(fc.constantFrom(...ADDRESSES), { maxLength: 2 }),
  removedAt: time,
});
const workload: fc.Arbitrary<WorkloadRow> = fc.record({
  uid: fc.constantFrom(...WORKLOADS),
  name: fc.constantFrom(...NAMES),
  namespace: fc.constantFrom(...NAMES),
  kind: fc.constant('Job'),
  removedAt: time,
});
const pod: fc.Arbitrary<PodRow> = fc.record({
  uid: fc.constantFrom(...PODS),
  name: fc.constantFrom(...NAMES),
  namespace: fc.constantFrom(...NAMES),
  nodeName: fc.constantFrom(...NODES),
  podIp: fc.constant(null),
  startedAt: time,
  endedAt: time,
  ownersKnown: fc.boolean(),
});
const reference: fc.Arbitrary<PodWorkloadRow> = fc.record({
  podUid: fc.constantFrom(...PODS),
  workloadUid: fc.constantFrom(...WORKLOADS),
  removedAt: time,
});
const binding: fc.Arbitrary<DeviceBindingRow> = fc.record({
  id: fc.constantFrom('1', '2', '3'),
  node: fc.constantFrom(...NODES),
  kind: fc.constantFrom('gpu', 'infiniband', 'rdma'),
  key: fc.constantFrom(...KEYS),
  uuid: fc.option(fc.constantFrom('u1', 'u2'), { nil: null }),
  serial: fc.option(fc.constantFrom('u1', 's1'), { nil: null }),
  podUid: fc.option(fc.constantFrom(...PODS), { nil: null }),
  boundAt: time,
  releasedAt: time,
  withdrawn: fc.boolean(),
  learned: fc.boolean(),
});
const rows: fc.Arbitrary<InventoryRows> = fc.record({
  nodes: fc.array(node, { maxLength: 2 }),
  workloads: fc.array(workload, { maxLength: 2 }),
  pods: fc.array(pod, { maxLength: 2 }),
  podWorkloads: fc.array(reference, { maxLength: 2 }),
  bindings: fc.array(binding, { maxLength: 2 }),
});

/** Every lookup there is over the small universe, each with what it answers and what that depends on. */
function answers(index: InventoryIndex): Map<string, { answer: string; slots: Uint16Array }> {
  const all = new Map<string, { answer: string; slots: Uint16Array }>();
  const ask = (question: string, look: (reads: StampReads) => unknown) => {
    const reads = new StampReads();
    const answer = JSON.stringify([look(reads)], (_, value: unknown) =>
      typeof value === 'number' ? String(value) : value,
    );
    all.set(question, { answer, slots: reads.toArray() });
  };
  for (const label of [...NODES, ...ADDRESSES, 'n2', 'n3.example']) {
    ask(`node ${label}`, (reads) => index.node(label, reads));
  }
  for (const name of NODES) {
    for (const kind of ['gpu', 'rdma'] as const) {
      ask(`has ${name} ${kind}`, (reads) => index.hasDevices(name, kind, reads));
      ask(`vouched ${name} ${kind}`, (reads) => index.hasVouchedDevices(name, kind, reads));
      for (const key of KEYS) ask(`device ${name} ${kind} ${key}`, (reads) => index.holdings(name, kind, key, reads));
      for (const id of ['u1', 'u2', 's1']) {
        ask(`uuid ${name} ${kind} ${id}`, (reads) => index.holdingsByUuid(name, kind, id, reads));
      }
    }
  }
  for (const uid of PODS) {
    ask(`pod ${uid}`, (reads) => index.podByUid(uid, reads));
    ask(`owns ${uid}`, (reads) => index.ownsDevice(uid, reads));
  }
  for (const name of NAMES) {
    ask(`bare ${name}`, (reads) => index.podsByBareName(name, reads));
    for (const namespace of NAMES)
      ask(`name ${namespace}/${name}`, (reads) => index.podsByName(namespace, name, reads));
  }
  return all;
}

/** The last row of each key, in the order of the keys. */
function finalRows(batches: readonly InventoryRows[]): InventoryRows {
  const last = <T>(list: readonly T[], key: (row: T) => string): T[] => {
    const found = new Map(list.map((row) => [key(row), row]));
    return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  };
  return {
    nodes: last(
      batches.flatMap((batch) => batch.nodes),
      (row) => row.name,
    ),
    workloads: last(
      batches.flatMap((batch) => batch.workloads),
      (row) => row.uid,
    ),
    pods: last(
      batches.flatMap((batch) => batch.pods),
      (row) => row.uid,
    ),
    podWorkloads: last(
      batches.flatMap((batch) => batch.podWorkloads),
      (row) => `${row.podUid}/${row.workloadUid}`,
    ),
    bindings: last(
      batches.flatMap((batch) => batch.bindings),
      (row) => row.id,
    ),
  };
}

function plain(index: InventoryIndex): [string, string][] {
  return [...answers(index)].map(([question, { answer }]) => [question, answer]);
}

function build(batches: readonly InventoryRows[]): InventoryIndex {
  const index = new InventoryIndex(new Stamps());
  for (const batch of batches) index.apply(batch);
  return index;
}

describe('InventoryIndex', () => {
  it('answers after any changes as one built from the final rows', () => {
    fc.assert(
      fc.property(fc.array(rows, { maxLength: 6 }), (batches) => {
        const [grown, fresh] = [build(batches), build([finalRows(batches)])];
        expect(plain(grown)).toEqual(plain(fresh));
        expect(grown.devicePods(3)).toEqual(fresh.devicePods(3));
        expect(sorted(grown.podWorkloads(3))).toEqual(sorted(fresh.podWorkloads(3)));
        for (const index of [grown, fresh]) index.prune(4);
        expect(plain(grown)).toEqual(plain(fresh));
      }),
      { numRuns: 300 },
    );
  });

  it('changes the stamps of every lookup whose answer changes', () => {
    fc.assert(
      fc.property(
        fc.array(rows, { maxLength: 4 }),
        rows,
        fc.option(fc.integer({ min: 1, max: 6 })),
        (batches, next, before) => {
          const stamps = new Stamps();
          const index = new InventoryIndex(stamps);
          for (const batch of batches) index.apply(batch);
          const earlier = withSums(index, stamps);
          if (before === null) index.apply(next);
          else index.prune(before);
          expectStampsChanged(earlier, answers(index), stamps);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('changes the stamps of every lookup that its successor answers otherwise', () => {
    fc.assert(
      fc.property(fc.array(rows, { maxLength: 4 }), fc.array(rows, { maxLength: 4 }), (batches, others) => {
        const stamps = new Stamps();
        const index = new InventoryIndex(stamps);
        for (const batch of batches) index.apply(batch);
        const earlier = withSums(index, stamps);
        const fresh = new InventoryIndex(null);
        for (const batch of others) fresh.apply(batch);
        expect(withSums(index, stamps)).toEqual(earlier);
        fresh.succeed(stamps, exhaust(fresh.differences(index)));
        expectStampsChanged(earlier, answers(fresh), stamps);
      }),
      { numRuns: 300 },
    );
  });

  it('leaves all stamps alone when nothing changes', () => {
    fc.assert(
      fc.property(fc.array(rows, { maxLength: 4 }), (batches) => {
        const stamps = new Stamps();
        const index = new InventoryIndex(stamps);
        const final = finalRows(batches);
        index.apply(final);
        const { epoch } = stamps;
        index.apply({ ...final, bindings: final.bindings.filter((row) => !row.withdrawn) });
        expect(stamps.epoch).toBe(epoch);
        const fresh = new InventoryIndex(null);
        fresh.apply(final);
        expect([...exhaust(fresh.differences(index))]).toEqual([]);
      }),
    );
  });

  it('shows the latest holder of a shared device, and none of pods that ended', () => {
    const pods = ['p1', 'p2', 'p3'].map((uid) => podRow(uid, uid === 'p3' ? 5 : null));
    const bindings = ['p1', 'p2', 'p3'].map((podUid, i) => bindingRow(String(i), podUid, i));
    const index = build([{ nodes: [], workloads: [], pods, podWorkloads: [], bindings }]);
    expect(index.devicePods(10)).toEqual({ n1: { gpu_id: { '0': ['p2', 'p2'] } } });
    expect(index.podWorkloads(10)).toEqual({ p1: [['p1', 'p1']], p2: [['p2', 'p2']] });
  });
});

function podRow(uid: string, endedAt: number | null): PodRow {
  const nodeName = 'n1';
  return { uid, name: uid, namespace: 'a', nodeName, podIp: null, startedAt: null, endedAt, ownersKnown: true };
}

function bindingRow(id: string, podUid: string, boundAt: number): DeviceBindingRow {
  const device = { node: 'n1', kind: 'gpu', key: '0', uuid: null, serial: null } as const;
  return { id, ...device, podUid, boundAt, releasedAt: null, withdrawn: false, learned: false };
}

function withSums(index: InventoryIndex, stamps: Stamps) {
  return [...answers(index)].map(([question, { answer, slots }]) => ({
    question,
    answer,
    slots,
    sum: stamps.sum(slots),
  }));
}

function expectStampsChanged(
  earlier: ReturnType<typeof withSums>,
  later: ReturnType<typeof answers>,
  stamps: Stamps,
): void {
  const stale = earlier.filter(
    ({ question, answer, slots, sum }) => later.get(question)?.answer !== answer && stamps.sum(slots) === sum,
  );
  expect(stale.map(({ question }) => question)).toEqual([]);
}

function sorted(pods: Record<string, [string, string][]>): [string, string[]][] {
  return Object.entries(pods)
    .map(([name, pairs]): [string, string[]] => [name, pairs.map(String).sort()])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
