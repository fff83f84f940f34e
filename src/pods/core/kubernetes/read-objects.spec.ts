import fc from 'fast-check';
import { isKeptLabel, readMeta, readNode, readPod } from './read-objects.js';

const metadata = { uid: 'u-1', name: 'worker-0', namespace: 'ml', creationTimestamp: '2026-03-01T10:00:00Z' };
const at = (iso: string) => Date.parse(iso);

describe('readPod', () => {
  it('keeps what the inventory needs', () => {
    const pod = readPod(
      {
        metadata: {
          ...metadata,
          labels: { 'training.kubeflow.org/job-name': 'llama', app: 'x', team: 'vision', 'job-name': 7 },
          annotations: { note: 'x' },
          ownerReferences: [
            { apiVersion: 'kubeflow.org/v1', kind: 'PyTorchJob', name: 'llama', uid: 'j-1', controller: true },
            { apiVersion: 'v1', kind: 'ConfigMap', name: 'c', uid: 'c-1' },
            { kind: 'Nameless' },
          ],
        },
        spec: { nodeName: 'gpu-1', hostNetwork: true },
        status: { phase: 'Running', podIP: '10.1.0.5', startTime: '2026-03-01T10:00:05Z' },
      },
      ['team'],
    );
    expect(pod).toEqual({
      uid: 'u-1',
      name: 'worker-0',
      namespace: 'ml',
      labels: { 'training.kubeflow.org/job-name': 'llama', team: 'vision' },
      ownerReferences: [
        { apiVersion: 'kubeflow.org/v1', kind: 'PyTorchJob', name: 'llama', uid: 'j-1', controller: true },
        { apiVersion: 'v1', kind: 'ConfigMap', name: 'c', uid: 'c-1', controller: false },
      ],
      createdAt: at('2026-03-01T10:00:00Z'),
      nodeName: 'gpu-1',
      phase: 'Running',
      podIp: '10.1.0.5',
      hostNetwork: true,
      startedAt: at('2026-03-01T10:00:05Z'),
      completedAt: null,
      isCompleted: false,
      isMirror: false,
    });
  });

  it('takes what is not told as unknown', () => {
    expect(readPod({ metadata: { uid: 'u-1', name: 'a' } }, [])).toEqual({
      uid: 'u-1',
      name: 'a',
      namespace: '',
      labels: {},
      ownerReferences: [],
      createdAt: null,
      nodeName: null,
      phase: null,
      podIp: null,
      hostNetwork: false,
      startedAt: null,
      completedAt: null,
      isCompleted: false,
      isMirror: false,
    });
  });

  const completed = (phase: string, status: object) => {
    const pod = readPod({ metadata, status: { phase, ...status } }, []);
    return [pod?.isCompleted, pod?.completedAt];
  };
  const ended = (finishedAt: unknown) => ({ state: { terminated: { finishedAt } } });

  it('completes when the last of its containers ended', () => {
    const containerStatuses = [ended('2026-03-01T11:00:00Z'), ended('2026-03-01T12:00:00Z'), ended(null), {}];
    expect(completed('Succeeded', { containerStatuses })).toEqual([true, at('2026-03-01T12:00:00Z')]);
    expect(completed('Failed', { initContainerStatuses: [ended('2026-03-01T09:00:00Z')] })).toEqual([
      true,
      at('2026-03-01T09:00:00Z'),
    ]);
    expect(completed('Running', { containerStatuses })).toEqual([false, null]);
  });

  it('completes at an unknown time when it was evicted', () => {
    expect(completed('Failed', { reason: 'Evicted' })).toEqual([true, null]);
  });

  it('knows mirror pods by their annotation', () => {
    const annotations = { 'kubernetes.io/config.mirror': '' };
    expect(readPod({ metadata: { ...metadata, annotations } }, [])?.isMirror).toBe(true);
  });

  it('takes text that cannot be stored as not told', () => {
    expect(readPod({ metadata, spec: { nodeName: 'a\0b' }, status: { phase: '\ud800' } }, [])).toMatchObject({
      nodeName: null,
      phase: null,
    });
  });
});

describe('readNode', () => {
  const node = (conditions: unknown, spec = {}) => readNode({ metadata: { name: 'n' }, spec, status: { conditions } });
  const ready = (status: string) => [
    { type: 'MemoryPressure', status: 'False' },
    { type: 'Ready', status },
  ];

  it("has kubectl's status", () => {
    expect(node(ready('True'))?.status).toBe('Ready');
    expect(node(ready('False'))?.status).toBe('NotReady');
    expect(node(ready('Unknown'))?.status).toBe('NotReady');
    expect(node([])?.status).toBe('Unknown');
    expect(node(ready('True'), { unschedulable: true })?.status).toBe('Ready,SchedulingDisabled');
  });

  it('lists addresses other than its name, once', () => {
    const addresses = ['10.0.0.1', 'n', '10.0.0.1', 'n.example', 7].map((address) => ({ type: 'InternalIP', address }));
    expect(readNode({ metadata: { name: 'n' }, status: { addresses } })?.addresses).toEqual(['10.0.0.1', 'n.example']);
  });
});

describe('isKeptLabel', () => {
  it('keeps labels of frameworks and of the platform', () => {
    for (const key of ['ray.io/cluster', 'job-name', 'primus-safe.workload.id', 'mine']) {
      expect([key, isKeptLabel(key, ['mine'])]).toEqual([key, true]);
    }
    for (const key of ['app', 'pod-template-hash', 'app.kubernetes.io/name', 'xray.io/cluster']) {
      expect([key, isKeptLabel(key, ['mine'])]).toEqual([key, false]);
    }
  });
});

describe('any JSON', () => {
  const field = fc.constantFrom(
    ...['metadata', 'spec', 'status', 'uid', 'name', 'labels', 'annotations', 'ownerReferences', 'conditions', 'type'],
    ...[
      'containerStatuses',
      'state',
      'terminated',
      'finishedAt',
      'addresses',
      'address',
      'creationTimestamp',
      '__proto__',
    ],
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 6 }, fc.jsonValue({ maxDepth: 1 }), fc.constant('2026-01-01T00:00:00Z'), tie('entry')),
    entry: fc.oneof(fc.dictionary(field, tie('value')), fc.array(tie('value'), { maxLength: 3 })),
  }));
  const named = fc.record({
    metadata: fc.dictionary(field, value).map((rest) => ({ ...rest, uid: 'u', name: 'n' })),
    spec: value,
    status: value,
  });

  it('is read or refused, never throws', () => {
    fc.assert(
      fc.property(fc.oneof(value, named), (raw) => {
        readPod(raw, ['name']);
        readNode(raw);
        readMeta(raw, []);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is read whenever it has a name and a UID', () => {
    fc.assert(fc.property(named, (raw) => readPod(raw, []) !== undefined && readNode(raw) !== undefined));
  });
});
