import { Coalesced } from './coalesced.js';

describe('Coalesced', () => {
  const stepwise = () => {
    const starts: PromiseWithResolvers<undefined>[] = [];
    let running = 0;
    let most = 0;
    const coalesced = new Coalesced(async () => {
      const gate = Promise.withResolvers<undefined>();
      starts.push(gate);
      most = Math.max(most, ++running);
      await gate.promise.finally(() => running--);
    });
    return { coalesced, starts, most: () => most };
  };
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  it('gives calls during a run one run that starts after them', async () => {
    const { coalesced, starts } = stepwise();
    const first = coalesced.run();
    const [second, third] = [coalesced.run(), coalesced.run()];
    expect(starts).toHaveLength(1);
    starts[0]?.resolve(undefined);
    await first;
    await turn();
    expect(starts).toHaveLength(2);
    starts[1]?.resolve(undefined);
    await Promise.all([second, third]);
    expect(starts).toHaveLength(2);
  });

  it('never overlaps, also for callers that come in between two runs', async () => {
    const { coalesced, starts, most } = stepwise();
    const first = coalesced.run().then(() => coalesced.run());
    const second = coalesced.run();
    for (let i = 0; i < 4; i++) {
      starts[i]?.resolve(undefined);
      await turn();
    }
    await Promise.all([first, second]);
    expect(most()).toBe(1);
  });

  it('fails for those who waited and goes on', async () => {
    const { coalesced, starts } = stepwise();
    const first = coalesced.run();
    const second = coalesced.run();
    starts[0]?.reject(new Error('away'));
    await expect(first).rejects.toThrow('away');
    await turn();
    starts[1]?.resolve(undefined);
    await expect(second).resolves.toBeUndefined();
    await coalesced.settled();
  });
});
