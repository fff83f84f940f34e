import fc from 'fast-check';
import type { KubernetesBatch } from '../../../src/pods/kubernetes/writer/kubernetes-batch.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { chain, lastChange, T, TestLeader, watchedNode, watchedPod } from './kubernetes-batches.js';
import { KubernetesModel, READ_INVENTORY } from './kubernetes-model.js';

const name = fc.constantFrom('n1', 'n2', 'n3');
const uid = fc.constantFrom('p1', 'p2', 'p3', 'p4', 'p5');
const time = fc.integer({ min: 0, max: 50 }).map((after) => T + after);
const node = fc.record({ name, status: fc.constantFrom('Ready', 'NotReady') });
const pod = fc.record({
  uid,
  phase: fc.constantFrom('Pending', 'Running', 'Unknown'),
  completedAt: fc.option(time),
  isCompleted: fc.boolean(),
});
const owners = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 3 });

const batch: fc.Arbitrary<KubernetesBatch> = fc.record({
  nodes: fc.uniqueArray(
    node.map((part) => watchedNode(part.name, part)),
    { maxLength: 2, selector: (each) => each.name },
  ),
  removedNodes: fc.uniqueArray(name, { maxLength: 2 }),
  pods: fc.uniqueArray(
    pod.map((part) => watchedPod(part.uid, { ...part, completedAt: part.isCompleted ? part.completedAt : null })),
    { maxLength: 4, selector: (each) => each.uid },
  ),
  removedPods: fc.uniqueArray(fc.record({ uid, endedAt: time }), { maxLength: 2, selector: (each) => each.uid }),
  chains: fc.uniqueArray(
    fc.tuple(uid, owners, fc.boolean()).map(([of, uids, ownersKnown]) => {
      const each = chain(of, ...uids);
      return { ...each, chain: { ...each.chain, ownersKnown } };
    }),
    { maxLength: 4, selector: (each) => each.podUid },
  ),
});

type Step = { batch: KubernetesBatch } | { present: string[] };
const steps = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ batch }) },
    { weight: 1, arbitrary: fc.record({ present: fc.uniqueArray(uid) }) },
  ),
  { minLength: 1, maxLength: 8 },
);

describe('any sequence of changes from Kubernetes', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
  });

  afterAll(() => database.drop());

  const lines = async (): Promise<string[]> =>
    (await database.dataSource.query<{ line: string }[]>(READ_INVENTORY)).map(({ line }) => line);
  const bindAll = async (pods: string[]): Promise<void> => {
    const statement = `INSERT INTO device_bindings (node_name, kind, key, pod_uid, source)
      SELECT 'n1', 'gpu', '0', uid, 'exporter' FROM unnest($1::text[]) AS uid ON CONFLICT DO NOTHING`;
    await database.dataSource.query(statement, [pods]);
  };

  it('leaves what the model says, and changes nothing when its last part is repeated', async () => {
    const check = async (sequence: Step[]): Promise<void> => {
      await database.dataSource.query('TRUNCATE nodes, pods, workloads, pod_workloads, device_bindings');
      const leader = await new TestLeader(database).begin();
      const model = new KubernetesModel();
      let now = T + 100;
      for (const step of sequence) {
        const apply = (): Promise<unknown> =>
          'batch' in step
            ? leader.write(step.batch, now)
            : leader.run((manager, writer) => writer.withdrawMissing(manager, { kind: 'pods' }, step.present, now));
        await bindAll(model.livePods);
        await apply();
        if ('batch' in step) model.write(step.batch, now);
        else model.list(step.present, now);
        expect(await lines()).toEqual(model.lines);
        const before = await lastChange(database);
        now += 10;
        expect(Boolean(await apply())).toBe(false);
        expect(await lastChange(database)).toBe(before);
      }
    };
    await fc.assert(fc.asyncProperty(steps, check), { numRuns: 100 });
  }, 60_000);
});
