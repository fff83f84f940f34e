import type { KubernetesBatch, PodChain } from '../../../src/pods/kubernetes/writer/kubernetes-batch.js';

interface ModelPod {
  endedAt: number | null;
  ownersKnown: boolean;
  /** Nearest first. */
  chain: readonly string[];
}

/** What the inventory should say after a sequence of batches and full lists, told one object at a time. */
export class KubernetesModel {
  private readonly nodes = new Set<string>();
  private readonly pods = new Map<string, ModelPod>();

  write({ nodes, removedNodes, pods, removedPods, chains }: KubernetesBatch, now: number): void {
    for (const name of removedNodes) this.nodes.delete(name);
    for (const { name } of nodes) this.nodes.add(name);
    for (const { uid, isCompleted, completedAt } of pods) {
      const pod = this.pods.get(uid) ?? { endedAt: null, ownersKnown: false, chain: [] };
      const goneAt = removedPods.find((removed) => removed.uid === uid)?.endedAt;
      const isEnded = isCompleted || goneAt !== undefined;
      this.pods.set(uid, { ...pod, endedAt: isEnded ? (completedAt ?? pod.endedAt ?? goneAt ?? now) : null });
    }
    for (const { uid, endedAt } of removedPods) {
      const pod = this.pods.get(uid);
      if (pod !== undefined) pod.endedAt ??= endedAt;
    }
    for (const each of chains) this.resolve(each);
  }

  list(present: readonly string[], now: number): void {
    for (const [uid, pod] of this.pods) if (!present.includes(uid)) pod.endedAt ??= now;
  }

  get livePods(): string[] {
    return [...this.pods].filter(([, { endedAt }]) => endedAt === null).map(([uid]) => uid);
  }

  /** As {@link READ_INVENTORY} has it. */
  get lines(): string[] {
    const live = [...this.pods.values()].filter(({ endedAt }) => endedAt === null);
    return [
      ...[...this.nodes].map((name) => `node ${name}`),
      ...[...this.pods].map(([uid, { endedAt, ownersKnown }]) => `pod ${uid} ${endedAt ?? 'lives'} ${ownersKnown}`),
      ...[...this.pods].flatMap(([uid, { chain }]) =>
        chain.map((workload, i) => `reference ${uid} ${workload} ${i + 1} ${i === chain.length - 1}`),
      ),
      ...[...new Set(live.flatMap(({ chain }) => chain))].map((uid) => `workload ${uid}`),
    ].sort();
  }

  private resolve({ podUid, chain }: PodChain): void {
    const pod = this.pods.get(podUid);
    if (pod === undefined || !chain.ownersKnown) return;
    pod.ownersKnown = true;
    if (pod.endedAt === null || pod.chain.length === 0) pod.chain = chain.workloads.map(({ uid }) => uid);
  }
}

/** What the inventory says, in lines. Ended pods that hold devices should not occur. */
export const READ_INVENTORY = `
SELECT line FROM (
  SELECT format('node %s', name) AS line FROM nodes WHERE removed_at IS NULL
  UNION ALL SELECT format('pod %s %s %s', uid, coalesce((extract(epoch FROM ended_at) * 1000)::bigint::text, 'lives'),
    owners_known::text) FROM pods
  UNION ALL SELECT format('reference %s %s %s %s', pod_uid, workload_uid, depth, is_root::text) FROM pod_workloads
    WHERE removed_at IS NULL
  UNION ALL SELECT format('workload %s', uid) FROM workloads WHERE removed_at IS NULL
  UNION ALL SELECT format('held by ended pod %s', uid) FROM pods p WHERE ended_at IS NOT NULL
    AND EXISTS (SELECT FROM device_bindings b WHERE b.pod_uid = p.uid AND b.released_at IS NULL)) lines
ORDER BY line COLLATE "C"`;
