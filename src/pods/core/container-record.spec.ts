import type { ContainerEvent } from './container-event.js';
import { ContainerRecord, type Container } from './container-record.js';
import type { Device } from './device.js';

const NOW = 1_000;
const POD = { uid: 'p1', name: 'worker-0', namespace: 'ml' };
const UNKNOWN: Container = {
  id: 'c1',
  runtime: null,
  node: null,
  pod: null,
  name: null,
  status: null,
  phase: null,
  createdAt: null,
  startedAt: null,
  exitCode: null,
  exitedAt: null,
  oomKilled: false,
  lastEventAt: null,
};

const gpu = (key: string): Device => ({
  kind: 'gpu',
  key,
  name: null,
  uuid: null,
  serial: null,
  path: null,
  slot: null,
});

function event(part: Partial<ContainerEvent>): ContainerEvent {
  return {
    source: 'k8s',
    type: 'running',
    phase: 'running',
    authoritative: false,
    node: 'n1',
    containerId: 'c1',
    at: null,
    name: null,
    status: null,
    createdAt: null,
    startedAt: null,
    exitedAt: null,
    exitCode: null,
    oomKilled: false,
    pod: null,
    devices: [],
    ...part,
  };
}

const exit = (part: Partial<ContainerEvent> = {}) => event({ type: 'exit', phase: 'exited', ...part });
const snapshot = (part: Partial<ContainerEvent> = {}) => event({ type: 'snapshot', authoritative: true, ...part });
const spans = (record: ContainerRecord) =>
  record.holdings.map(({ device, boundAt, releasedAt }) => [device.key, boundAt, releasedAt]);

/** A container after events, as the next request finds it. */
function after(...events: ContainerEvent[]): ContainerRecord {
  const record = new ContainerRecord(UNKNOWN, []);
  for (const one of events) record.apply(one, NOW);
  const open = record.holdings.filter(({ releasedAt }) => releasedAt === null);
  return new ContainerRecord(
    record.container,
    open.map((holding, i) => ({ ...holding, id: String(i) })),
  );
}

describe('ContainerRecord', () => {
  it('holds its first devices since it was made, and later ones since they are told of', () => {
    const record = after(event({ createdAt: 10, devices: [gpu('0')] }));
    expect(record.apply(event({ at: 50, devices: [gpu('0'), gpu('1')] }), NOW)).toBe('applied');
    expect(spans(record)).toEqual([
      ['0', 10, null],
      ['1', 50, null],
    ]);
  });

  it('releases what a snapshot does not list, and nothing that another event leaves out', () => {
    const record = after(event({ createdAt: 10, devices: [gpu('0'), gpu('1')] }));
    record.apply(event({ devices: [] }), NOW);
    record.apply(snapshot({ at: 60, devices: [gpu('1')] }), NOW);
    expect(spans(record)).toEqual([
      ['0', 10, 60],
      ['1', 10, null],
    ]);
  });

  it('releases everything at the end, at the stated time or else now', () => {
    const f = (end: ContainerEvent, releasedAt: number) => {
      const record = after(event({ createdAt: 10, devices: [gpu('0')] }));
      expect(record.apply(end, NOW)).toBe('applied');
      expect(spans(record)).toEqual([['0', 10, releasedAt]]);
    };
    f(exit({ exitedAt: 70, at: 70 }), 70);
    f(exit(), NOW);
    f(event({ type: 'deleted', phase: 'deleted', at: 80 }), 80);
  });

  it('takes the same event twice without a change', () => {
    for (const one of [event({ createdAt: 10, devices: [gpu('0')] }), snapshot({ devices: [gpu('0')] }), exit()]) {
      const record = after(one);
      expect(record.apply(one, NOW + 5)).toBe('repeated');
      expect(record.isChanged).toBe(false);
      expect(record.wasKilledForMemory).toBe(false);
    }
  });

  it('does not go back for events that come late', () => {
    const ended = () => after(event({ createdAt: 10 }), exit({ exitedAt: 70, at: 70 }));
    const f = (late: ContainerEvent) => {
      const record = ended();
      expect(record.apply(late, NOW)).toBe('stale');
      expect(record.isChanged).toBe(false);
      expect(spans(record)).toEqual([]);
    };
    f(event({ devices: [gpu('0')] }));
    f(snapshot({ at: 60, devices: [gpu('0')] }));
    f(event({ at: 90, devices: [gpu('0')] }));
    f(event({ type: 'created', phase: 'created' }));
    const running = after(event({ at: 50, devices: [gpu('0')] }));
    expect(running.apply(snapshot({ at: 40, devices: [] }), NOW)).toBe('stale');
    expect(spans(running)).toEqual([['0', 50, null]]);
  });

  it('believes in an end whatever the clocks say', () => {
    const record = after(event({ at: 50 }));
    expect(record.apply(exit({ at: 40, exitedAt: 40 }), NOW)).toBe('applied');
    expect(record.isLive).toBe(false);
  });

  it('lives again when Docker starts it anew, and ignores the end of the earlier run', () => {
    const docker = { source: 'docker' } as const;
    const record = after(
      event({ ...docker, startedAt: 10 }),
      exit({ ...docker, at: 20, exitedAt: 20, oomKilled: true }),
    );
    expect(record.apply(event({ ...docker, startedAt: 30, devices: [gpu('0')] }), NOW)).toBe('applied');
    expect(record.container).toMatchObject({ phase: 'running', exitedAt: null, oomKilled: false });
    expect(record.apply(exit({ ...docker, at: 20, exitedAt: 20 }), NOW)).toBe('stale');
    expect(spans(record)).toEqual([['0', 30, null]]);
  });

  it('learns its pod from whatever event tells it first, even a late one', () => {
    const record = after(event({ source: 'docker' }), exit({ source: 'docker' }));
    expect(record.apply(event({ pod: POD }), NOW)).toBe('stale');
    expect(record.container.pod).toEqual(POD);
    expect(record.podIsNew).toBe(true);
    expect(record.isChanged).toBe(true);
  });

  it('tells of an out-of-memory end once, when both are known', () => {
    const record = after(event({ pod: POD }));
    record.apply(exit({ oomKilled: true, exitCode: 137 }), NOW);
    expect(record.wasKilledForMemory).toBe(true);
    const told = after(event({ pod: POD }), exit({ oomKilled: true, exitCode: 137 }));
    told.apply(event({ type: 'deleted', phase: 'deleted', oomKilled: true }), NOW);
    expect(told.wasKilledForMemory).toBe(false);
    const docker = after(event({ pod: POD }), event({ type: 'oom', phase: null, oomKilled: true }));
    expect(docker.wasKilledForMemory).toBe(false);
    docker.apply(exit({ exitCode: 137 }), NOW);
    expect(docker.wasKilledForMemory).toBe(true);
    const survivor = after(event({ pod: POD }), event({ type: 'oom', phase: null, oomKilled: true }));
    survivor.apply(exit({ exitCode: 0 }), NOW);
    expect(survivor.wasKilledForMemory).toBe(false);
  });

  it('gives the same in any order of delivery of a whole life', () => {
    const life = [
      event({ type: 'created', phase: 'created', at: 10, createdAt: 10, pod: POD }),
      event({ at: 20, createdAt: 10, pod: POD }),
      exit({ at: 30, exitedAt: 30, exitCode: 1, pod: POD }),
    ];
    for (const order of permutations(life)) {
      const { container } = after(...order);
      expect(container).toMatchObject({ phase: 'exited', exitedAt: 30, exitCode: 1, createdAt: 10, pod: POD });
    }
  });
});

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]));
}
