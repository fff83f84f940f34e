import { KubernetesSyncRepository } from '../../../src/pods/kubernetes/writer/kubernetes-sync.repository.js';
import type { OwnerSync, ResourceSync } from '../../../src/pods/kubernetes/writer/sync-state.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { T, TestLeader } from './kubernetes-batches.js';

const PODS: ResourceSync = {
  resource: 'pods/ml',
  state: 'watching',
  objects: 7,
  resourceVersion: '123',
  listedAt: T + 0.5,
  lastEventAt: T + 1,
  lastWrittenAt: null,
  restarts: 1,
  errors: 2,
  lastError: 'connection reset',
  lastErrorAt: T - 5,
};
const JOBS: OwnerSync = { kind: 'Job.batch', state: 'forbidden', since: T, lastError: 'no right', objects: 0 };

describe('the state of the Kubernetes watch', () => {
  let database: TestDatabase;
  let repository: KubernetesSyncRepository;

  beforeEach(async () => {
    database = await createTestDatabase();
    repository = new KubernetesSyncRepository(database.dataSource);
  });

  afterEach(() => database.drop());

  it('is empty before anybody has led', async () => {
    const nothing = { leader: null, leaderSince: null, firstSyncedAt: null, updatedAt: null };
    expect(await repository.read()).toEqual({ ...nothing, term: 0, resources: [], owners: [] });
  });

  it('is read as it was saved', async () => {
    const leader = await new TestLeader(database).begin();
    await leader.run(async (manager, writer) => {
      await writer.saveResources(manager, [PODS, { ...PODS, resource: 'nodes', state: 'listing' }], T + 1);
      await writer.saveOwners(manager, [JOBS]);
      await writer.markSynced(manager, T + 10);
    });
    await leader.run(async (manager, writer) => {
      await writer.markSynced(manager, T + 20);
      await writer.saveResources(manager, [{ ...PODS, objects: 8, lastError: null, lastErrorAt: null }], T + 30);
      await writer.saveOwners(manager, [{ ...JOBS, state: 'readable', lastError: null, objects: 3 }]);
    });
    expect(await repository.read()).toEqual({
      term: 1,
      leader: 'replica-1',
      leaderSince: T,
      firstSyncedAt: T + 10,
      updatedAt: T + 30,
      resources: [
        { ...PODS, resource: 'nodes', state: 'listing' },
        { ...PODS, objects: 8, lastError: null, lastErrorAt: null },
      ],
      owners: [{ ...JOBS, state: 'readable', lastError: null, objects: 3 }],
    });
  });

  it('begins anew with each term, but for the first synchronisation', async () => {
    const leader = await new TestLeader(database).begin();
    await leader.run(async (manager, writer) => {
      await writer.saveResources(manager, [PODS], T + 1);
      await writer.saveOwners(manager, [JOBS]);
      await writer.markSynced(manager, T + 10);
    });
    await new TestLeader(database).begin();
    expect(await repository.read()).toMatchObject({ term: 2, firstSyncedAt: T + 10, resources: [], owners: [] });
    await expect(leader.run((manager, writer) => writer.saveResources(manager, [PODS], T + 1))).rejects.toMatchObject({
      name: 'LeadershipLost',
      term: 1,
    });
  });
});
