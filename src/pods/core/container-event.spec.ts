import fc from 'fast-check';
import { BodyCheck } from './body-check.js';
import { readContainerEvent } from './container-event.js';

const K8S = { type: 'running', source: 'k8s', node: 'n1', container_id: 'containerd://c1' };
const DOCKER = { type: 'start', source: 'docker', node: 'n1', container_id: 'c1' };

function read(value: unknown) {
  const check = new BodyCheck();
  return { event: readContainerEvent(value, check), problems: check.problems };
}

describe('readContainerEvent', () => {
  it('reads an event of Kubernetes', () => {
    const { event, problems } = read({
      ...K8S,
      data: {
        pod_name: 'worker-0',
        pod_namespace: 'ml',
        pod_uuid: 'p1',
        status: 'CONTAINER_RUNNING',
        created_at: '1793520000123999999',
        devices: { gpu: [{ name: 'card1', id: 3, serial: 's', slot: 2 }], infiniband: [{ name: 'mlx5_0', id: 7 }] },
      },
    });
    expect(problems).toEqual([]);
    expect(event).toMatchObject({
      source: 'k8s',
      phase: 'running',
      authoritative: false,
      containerId: 'c1',
      createdAt: 1_793_520_000_123,
      pod: { uid: 'p1', name: 'worker-0', namespace: 'ml' },
      devices: [
        { kind: 'gpu', key: '3', slot: '2' },
        { kind: 'infiniband', key: 'mlx5_0' },
      ],
    });
  });

  it('reads an event of Docker', () => {
    const devices = [
      { device_name: 'card0', device_id: 0, device_serial: 's', device_type: '' },
      { device_name: 'mlx5_1', device_id: 9, device_type: 'ib' },
    ];
    const data = { id: 'c1', name: 'train', status: 'Up 3 hours', start_at: '2026-11-01T00:00:00Z', devices };
    const { event, problems } = read({ ...DOCKER, container_id: undefined, data });
    expect(problems).toEqual([]);
    expect(event).toMatchObject({ containerId: 'c1', name: 'train', phase: 'running', pod: null });
    expect(event?.devices).toMatchObject([
      { kind: 'gpu', key: '0', serial: 's' },
      { kind: 'infiniband', key: 'mlx5_1' },
    ]);
  });

  it('knows what a type does, and goes by the status otherwise', () => {
    const f = (type: string, status: string | undefined, phase: string | null) => {
      expect(read({ ...K8S, type, data: { status } }).event?.phase).toBe(phase);
    };
    f('Created', undefined, 'created');
    f('exit', 'running', 'exited');
    f('die', undefined, 'exited');
    f('destroyed', undefined, 'deleted');
    f('snapshot', 'Exited (137) 2 hours ago', 'exited');
    f('snapshot', 'CONTAINER_CREATED', 'created');
    f('resize', undefined, null);
    f('resize', 'constructor', null);
  });

  it('takes the end of a container as the time of the event that tells of it', () => {
    expect(read({ ...K8S, type: 'exit', data: { exit_time: 1_793_520_000 } }).event?.at).toBe(1_793_520_000_000);
    expect(read({ ...K8S, type: 'running', data: { created_at: 1_793_520_000 } }).event?.at).toBeNull();
    expect(read({ ...K8S, type: 'exit', timestamp: 1_793_520_001, data: {} }).event?.at).toBe(1_793_520_001_000);
  });

  it('says what is wrong where', () => {
    const f = (value: unknown, field: string) => {
      expect(read(value).problems.map((problem) => problem.field)).toContain(field);
    };
    f(7, 'event');
    f({ ...K8S, source: 'lxc' }, 'source');
    f({ ...K8S, type: 'exec_start: /bin/sh' }, 'type');
    f({ ...K8S, node: '' }, 'node');
    f({ ...K8S, container_id: null }, 'container_id');
    f({ ...K8S, data: [] }, 'data');
    f({ ...K8S, data: { created_at: 'now' } }, 'data.created_at');
    f({ ...K8S, data: { exit_code: 1.5 } }, 'data.exit_code');
    f({ ...K8S, data: { devices: [] } }, 'data.devices');
    f({ ...K8S, data: { devices: { gpu: [{ name: 'card' }] } } }, 'data.devices.gpu[0]');
    f({ ...DOCKER, data: { devices: [{ device_type: 'disk' }] } }, 'data.devices[0].device_type');
  });

  it('never throws, whatever is sent', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (value, data) => {
        expect(() => [read(value), read({ ...K8S, data }), read({ ...DOCKER, data })]).not.toThrow();
      }),
      { numRuns: 500 },
    );
  });
});
