import type { WatchedNode } from '../../core/kubernetes/objects.js';
import { PendingChanges, type PendingChange } from './pending-changes.js';

const node = (name: string, status = 'Ready'): PendingChange => ({
  kind: 'node',
  node: { name, addresses: [], status } satisfies WatchedNode,
});
const forever = new AbortController().signal;
const turn = () => new Promise((resolve) => setImmediate(resolve));
const isSettled = async (promise: Promise<unknown>) => {
  let settled = false;
  void promise.then(() => (settled = true));
  await turn();
  return settled;
};

describe('PendingChanges', () => {
  it('keeps the newest state of each object, in the place of its first', async () => {
    const pending = new PendingChanges(10);
    await pending.add([node('a'), node('b'), node('a', 'NotReady')], forever);
    await pending.add([{ kind: 'node-removed', name: 'b' }], forever);
    expect(pending.take(10)).toEqual([node('a', 'NotReady'), { kind: 'node-removed', name: 'b' }]);
  });

  it('makes who brings more wait until there is room', async () => {
    const pending = new PendingChanges(2);
    const adding = pending.add([node('a'), node('b'), node('c')], forever);
    expect(await isSettled(adding)).toBe(false);
    pending.take(1);
    await adding;
    expect(pending.take(10)).toEqual([node('b'), node('c')]);
  });

  it('is drained when what waited then was dealt with, whatever came after', async () => {
    const pending = new PendingChanges(10);
    await pending.add([node('a'), node('b')], forever);
    pending.take(1);
    const drained = pending.drained(forever);
    await pending.add([node('c')], forever);
    pending.finish(1);
    expect(await isSettled(drained)).toBe(false);
    pending.finish(pending.take(1).length);
    await drained;
    expect(pending.size).toBe(1);
  });

  it('stops waiting when told', async () => {
    const pending = new PendingChanges(1);
    const stop = new AbortController();
    const waits = [pending.available(stop.signal), pending.drained(forever)];
    await waits[1];
    await pending.add([node('a')], forever);
    const more = pending.add([node('b')], stop.signal);
    const drained = pending.drained(stop.signal);
    stop.abort();
    await expect(more).rejects.toThrow();
    await expect(drained).rejects.toThrow();
  });
});
