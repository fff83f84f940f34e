import type { EntityManager } from 'typeorm';
import type { ChainedWorkload } from '../../../src/pods/core/kubernetes/owner-chain.js';
import type { WatchedNode, WatchedPod } from '../../../src/pods/core/kubernetes/objects.js';
import type { KubernetesBatch, PodChain } from '../../../src/pods/kubernetes/writer/kubernetes-batch.js';
import { KubernetesWriter } from '../../../src/pods/kubernetes/writer/kubernetes.writer.js';
import type { TestDatabase } from '../../support/database.js';

export const T = 1_795_000_000_000;

export function watchedPod(uid: string, part: Partial<WatchedPod> = {}): WatchedPod {
  return {
    uid,
    name: `pod-${uid}`,
    namespace: 'ml',
    labels: {},
    ownerReferences: [],
    createdAt: T - 2_000,
    nodeName: 'n1',
    phase: 'Running',
    podIp: '10.1.0.1',
    hostNetwork: false,
    startedAt: T - 1_000,
    completedAt: null,
    isCompleted: false,
    isMirror: false,
    ...part,
  };
}

export function watchedNode(name: string, part: Partial<WatchedNode> = {}): WatchedNode {
  return { name, addresses: ['10.0.0.1'], status: 'Ready', ...part };
}

/** A pod's chain of workloads, nearest first, each a Job named as its uid. */
export function chain(podUid: string, ...uids: string[]): PodChain {
  const workloads = uids.map((uid, index): ChainedWorkload => {
    return {
      uid,
      name: uid,
      namespace: 'ml',
      kind: 'Job',
      apiGroup: 'batch',
      ownerUid: uids[index + 1] ?? null,
      createdAt: T - 9_000,
    };
  });
  return { podUid, chain: { workloads, ownersKnown: true } };
}

/** One leader writing into a test's database. */
export class TestLeader {
  readonly writer = new KubernetesWriter();
  term = 0;

  constructor(private readonly database: TestDatabase) {}

  async begin(): Promise<this> {
    this.term = await this.database.dataSource.transaction((manager) => this.writer.beginTerm(manager, 'replica-1', T));
    return this;
  }

  run<R>(work: (manager: EntityManager, writer: KubernetesWriter) => Promise<R>): Promise<R> {
    return this.database.dataSource.transaction(async (manager) => {
      await this.writer.holdTerm(manager, this.term);
      return work(manager, this.writer);
    });
  }

  write(batch: Partial<KubernetesBatch>, now = T): Promise<boolean> {
    const full = { nodes: [], removedNodes: [], pods: [], removedPods: [], chains: [], ...batch };
    return this.run((manager, writer) => writer.write(manager, full, now));
  }
}

/** The newest transaction that has changed a row of the inventory. */
export async function lastChange({ dataSource }: TestDatabase): Promise<string> {
  const [row] = await dataSource.query<{ last: string }[]>(`SELECT max(changed_xid)::text AS last FROM (
    SELECT changed_xid FROM nodes UNION ALL SELECT changed_xid FROM workloads UNION ALL SELECT changed_xid FROM pods
    UNION ALL SELECT changed_xid FROM pod_workloads UNION ALL SELECT changed_xid FROM device_bindings) x`);
  return row?.last ?? '';
}
