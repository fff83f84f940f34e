import { BodyCheck } from './body-check.js';
import { exhaust } from './exhaust.js';
import { readInventoryBody } from './inventory-body.js';

const NOW = Date.UTC(2026, 10, 1);
const POD = { uid: 'p', name: 'worker-0', namespace: 'ml', node_name: 'n1' };

function read(body: unknown) {
  const check = new BodyCheck();
  return { body: exhaust(readInventoryBody(body, NOW, check)), problems: check.problems };
}

const withDevices = (...devices: unknown[]) => ({ pods: [{ ...POD, devices }] });

describe('readInventoryBody', () => {
  it.each([
    ['nothing', {}, 'body'],
    ['a misspelt list', { nodes: [], podz: [] }, 'podz'],
    ['a null list', { pods: null }, 'pods'],
    ['half of a surrogate pair', { pods: [{ ...POD, name: '\ud800' }] }, 'pods[0].name'],
  ])('refuses %s, which would empty or break the inventory', (_what, body, field) => {
    expect(read(body).problems).toEqual([expect.objectContaining({ field })]);
  });

  it('reads everything that a body may hold', () => {
    const { body, problems } = read({
      nodes: [{ name: 'n1', address: '10.0.0.1', addresses: ['10.0.0.1', 'n1.example'], status: 'Ready' }],
      workloads: [{ uid: 'w', name: 'job', namespace: 'ml', kind: 'PyTorchJob', status: 'Running' }],
      pods: [
        {
          ...POD,
          phase: 'Running',
          started_at: '2026-10-01T00:00:00Z',
          workload_uids: ['w', 'w'],
          devices: [{ type: 'gpu', no: 0, name: 'card0', uuid: 'GPU-1', since: '2026-10-02T00:00:00Z' }],
        },
      ],
    });
    expect(problems).toEqual([]);
    expect(body.nodes).toEqual([{ name: 'n1', addresses: ['10.0.0.1', 'n1.example'], status: 'Ready' }]);
    expect(body.pods).toMatchObject([{ uid: 'p', started_at: Date.UTC(2026, 9, 1), completed: false }]);
    expect(body.references).toEqual([{ pod_uid: 'p', workload_uid: 'w', path: 'pods[0].workload_uids[0]' }]);
    expect(body.devices).toMatchObject([{ node_name: 'n1', kind: 'gpu', key: '0', since: Date.UTC(2026, 9, 2) }]);
  });

  it('keys a GPU by its number or the end of its name, others by name', () => {
    const f = (device: object, kind: string, key: string) => {
      expect(read(withDevices(device)).body.devices).toMatchObject([{ kind, key }]);
    };
    f({ type: 'gpu', no: 3, name: 'card7' }, 'gpu', '3');
    f({ type: 'GPU', no: '03' }, 'gpu', '3');
    f({ type: 'gpu', name: 'nvidia12' }, 'gpu', '12');
    f({ type: 'ib', name: 'mlx5_0' }, 'infiniband', 'mlx5_0');
    f({ type: 'rdma', name: 'bnxt_re1', no: 4 }, 'rdma', 'bnxt_re1');
    f({ type: 'asic', name: 'tpu-a' }, 'asic', 'tpu-a');
  });

  it('makes a node of what only pods name, and lists a device of a pod once', () => {
    const { body } = read(withDevices({ type: 'ib', name: 'mlx5_0' }, { type: 'rdma', name: 'mlx5_0' }));
    expect(body.nodes).toEqual([{ name: 'n1', addresses: [], status: null }]);
    expect(body.devices).toHaveLength(1);
  });

  it('takes the devices of a completed pod as released', () => {
    const { body } = read({ pods: [{ ...POD, phase: 'Succeeded', devices: [{ type: 'gpu', no: 0 }] }] });
    expect(body.pods).toMatchObject([{ completed: true }]);
    expect(body.devices).toEqual([]);
  });

  it('shows the value and what is allowed', () => {
    const allowed = 'Pending, Running, Succeeded, Failed, Unknown';
    const { problems } = read({
      pods: [
        { ...POD, phase: 'Runing' },
        { ...POD, uid: 'q', phase: 'Unknown' },
      ],
    });
    expect(problems).toEqual([
      { field: 'pods[0].phase', message: 'is not a phase of pods', value: 'Runing', limit: allowed },
    ]);
  });

  it('says what is wrong where', () => {
    const ib = { type: 'ib', name: 'mlx5_0' };
    const f = (body: unknown, field: string, message: RegExp) => {
      const { problems } = read(body);
      expect(problems).toEqual(expect.arrayContaining([expect.objectContaining({ field })]));
      expect(problems.find((problem) => problem.field === field)?.message).toMatch(message);
    };
    f([], 'body', /object/);
    f({ nodes: {} }, 'nodes', /array/);
    f({ pods: [null] }, 'pods[0]', /object/);
    f({ pods: [{ name: 'a', namespace: 'b' }] }, 'pods[0].uid', /required/);
    f({ pods: [{ ...POD, uid: 7 }] }, 'pods[0].uid', /string/);
    f({ pods: [{ ...POD, uid: 'a\0' }] }, 'pods[0].uid', /U\+0000/);
    f({ pods: [{ ...POD, name: 'x'.repeat(600) }] }, 'pods[0].name', /too long/);
    f({ pods: [POD, POD] }, 'pods[1].uid', /twice/);
    f(
      {
        workloads: [
          { uid: 'w', name: 'a' },
          { uid: 'w', name: 'a' },
        ],
      },
      'workloads[1].uid',
      /twice/,
    );
    f({ nodes: [{ name: 'n' }, { name: 'n' }] }, 'nodes[1].name', /twice/);
    f({ pods: [{ ...POD, started_at: 'soon' }] }, 'pods[0].started_at', /time/);
    f({ pods: [{ ...POD, node_name: null, devices: [{ type: 'gpu', no: 0 }] }] }, 'pods[0].node_name', /required/);
    f(withDevices({ type: 'disk', name: 'sda' }), 'pods[0].devices[0].type', /type of device/);
    f(withDevices({ type: 'gpu', name: 'card' }), 'pods[0].devices[0].no', /number/);
    f(withDevices({ type: 'ib', no: 1 }), 'pods[0].devices[0].name', /name/);
    f(withDevices({ type: 'gpu', no: 0, since: '2026-11-02T00:00:00Z' }), 'pods[0].devices[0].since', /future/);
    f({ pods: [{ ...POD, workload_uids: [1] }] }, 'pods[0].workload_uids[0]', /string/);
    f({ pods: [{ ...POD, phase: 'Runing' }] }, 'pods[0].phase', /not a phase/);
    f({ pods: [{ ...POD, pod_ip: 'worker-0' }] }, 'pods[0].pod_ip', /IP address/);
    f({ nodes: [{ name: 'n', address: '10.0.0.300' }] }, 'nodes[0].address', /IP address or a host name/);
    f({ nodes: [{ name: 'n', addresses: ['10.0.0.1', '10.0.0.1:9100'] }] }, 'nodes[0].addresses[1]', /without port/);
    f(withDevices({ type: 'gpu', no: 0 }, { type: 'gpu', name: 'card0' }), 'pods[0].devices[1]', /twice/);
    f(withDevices(ib, ib), 'pods[0].devices[1]', /twice/);
    f(withDevices(ib, { ...ib, type: 'rdma' }, ib), 'pods[0].devices[2]', /twice/);
    f(withDevices(ib, ...Array.from({ length: 2 }, () => ({ ...ib, type: 'rdma' }))), 'pods[0].devices[2]', /twice/);
  });

  it('stops at fifty problems', () => {
    expect(read({ pods: Array.from({ length: 1_000 }, () => ({})) }).problems).toHaveLength(50);
  });
});
