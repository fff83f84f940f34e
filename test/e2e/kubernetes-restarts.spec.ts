import { Stack } from '../support/e2e-stack.js';
import { WatchingReplicas } from '../support/e2e-watching-replicas.js';
import { ClusterLife } from '../support/kubernetes/cluster-life.js';
import { liveUids } from '../support/kubernetes/live-truth.js';

const CONVERGED_WITHIN = 30_000;

/** What happens, in this order; the cluster goes on changing after each of it. */
const ORDERS = [
  ['api server stops', 'api server starts'],
  ['api server stops', 'api server starts without history'],
  ['database stops', 'database starts'],
  ['service is killed', 'service starts'],
  ['api server stops', 'service stops', 'service starts', 'api server starts without history'],
  ['database stops', 'api server stops', 'database starts', 'api server starts'],
  ['database stops', 'service is killed', 'service starts', 'database starts'],
  ['database stops', 'history is lost', 'database starts'],
  [
    ...['api server stops', 'database stops', 'service is killed'],
    ...['database starts', 'service starts', 'api server starts without history'],
  ],
  [
    ...['service stops', 'database stops', 'api server stops'],
    ...['service starts', 'api server starts', 'database starts'],
  ],
] as const;

type Event = (typeof ORDERS)[number][number];

describe('the inventory of a cluster becomes as the cluster is', () => {
  const stack = new Stack();
  let replicas: WatchingReplicas;
  let life: ClusterLife;

  beforeAll(
    stack.explained(async () => {
      replicas = await WatchingReplicas.start(stack, 1);
      life = new ClusterLife(replicas.api);
    }),
  );

  afterAll(() => stack.close());

  it.each(ORDERS.map((events) => [events.join(', '), events] as const))('when %s', async (_title, events) => {
    await stack.explained(async () => {
      await replicas.converged(replicas.all, CONVERGED_WITHIN);
      for (const event of events) {
        await make(event);
        life.change(40);
      }
      await replicas.all[0]?.service.ready();
      await replicas.converged(replicas.all, CONVERGED_WITHIN);
      life.change(40);
      await replicas.converged(replicas.all, CONVERGED_WITHIN);
      const ended = await replicas.fated('ended');
      expect(liveUids(replicas.api).filter((uid) => ended.has(uid))).toEqual([]);
      expect(await replicas.fated('revived')).toEqual(new Set());
    })();
  });

  async function make(event: Event): Promise<unknown> {
    const { api } = replicas;
    const service = replicas.all[0]!.service;
    switch (event) {
      case 'api server stops':
        return api.stop();
      case 'api server starts':
        return api.start();
      case 'api server starts without history':
        return api.start({ loseHistory: true });
      case 'history is lost':
        api.compact();
        api.cutWatches();
        return;
      case 'database stops':
        return replicas.stopDatabase();
      case 'database starts':
        return replicas.startDatabase();
      case 'service is killed':
        return service.end('SIGKILL');
      case 'service stops':
        return service.end('SIGTERM');
      case 'service starts':
        service.launch();
    }
  }
});
