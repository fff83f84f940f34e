import { Unavailable } from '../../../common/domain-error.js';
import { pause } from '../../../database/backoff.js';
import { isDatabaseUnavailable } from '../../../database/database-unavailable.js';
import type { KubernetesBatch, PodChain } from '../writer/kubernetes-batch.js';
import { LeadershipLost } from '../writer/leadership-lost.js';
import type { ChainResolver } from './chain-resolver.js';
import type { LivePods } from './live-pods.js';
import type { PendingChange, PendingChanges } from './pending-changes.js';
import { persist } from './persist.js';

/** Changes that come together are written together: how long the first of them waits, ms. */
const COLLECT = 100;
/** How long a batch waits for owners that must be asked for, ms: changes are to be seen within 2 s. */
const PATIENCE = 1_000;

export interface BatchWriterOptions {
  readonly pending: PendingChanges;
  readonly resolver: ChainResolver;
  readonly batchSize: number;
  /** While the cluster is being listed owners are asked for all together, when many pods are known. */
  readonly isListing: () => boolean;
  /** Filled with the pods that live. */
  readonly pods: LivePods;
  /** Writes a batch in one transaction. Throws {@link LeadershipLost} when the term is over. */
  readonly write: (batch: KubernetesBatch) => Promise<void>;
  readonly written: (changes: readonly PendingChange[]) => void;
  /** Told about each change that the database does not take. */
  readonly refused: (change: PendingChange, error: unknown) => void;
}

/** Writes pending changes in batches, in their order, for as long as the database takes. */
export class BatchWriter {
  constructor(private readonly options: BatchWriterOptions) {}

  /** Runs until `signal` is aborted. Rejects with {@link LeadershipLost} when another replica leads by now. */
  async run(signal: AbortSignal): Promise<void> {
    const { pending, batchSize } = this.options;
    while (!signal.aborted) {
      await pending.available(signal);
      if (pending.size < batchSize) await pause(COLLECT, signal);
      const changes = pending.take(batchSize);
      await this.process(changes, signal);
      pending.finish(changes.length);
    }
  }

  private async process(changes: readonly PendingChange[], signal: AbortSignal): Promise<void> {
    const { resolver, isListing, pods } = this.options;
    for (const change of changes) pods.note(change);
    const changed = changes.flatMap((change) => ('pod' in change ? [change.pod] : []));
    const chains = await resolver.resolve(changed, isListing() ? 0 : PATIENCE, signal);
    await this.write(changes, new Map(chains.map((chain) => [chain.podUid, chain])), signal);
    for (const change of changes) this.forgetEnded(change);
  }

  /** Only pods that had completed when they were first seen may still wait for their owners. */
  private forgetEnded(change: PendingChange): void {
    const { resolver, pods } = this.options;
    const isGone = change.kind === 'pod-removed';
    const isDone = change.kind === 'pod' && change.pod.isCompleted && !resolver.pending.has(change.pod.uid);
    if (!isGone && !isDone) return;
    pods.forget(change.pod.uid);
    resolver.forget(change.pod.uid);
  }

  /** A batch that the database refuses is halved until the culprit stands alone, so that nothing else waits for it. */
  private async write(
    changes: readonly PendingChange[],
    chains: ReadonlyMap<string, PodChain>,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      const batch = toBatch(changes, chains);
      await persist(() => this.options.write(batch), signal, isPassing);
      this.options.written(changes);
    } catch (error) {
      if (error instanceof LeadershipLost || signal.aborted) throw error;
      const [only] = changes;
      if (changes.length === 1 && only !== undefined) {
        this.options.refused(only, error);
        return;
      }
      const half = changes.length >> 1;
      await this.write(changes.slice(0, half), chains, signal);
      await this.write(changes.slice(half), chains, signal);
    }
  }
}

/** Whether the same batch may be taken later; anything else is the fault of a change in it. */
function isPassing(error: unknown): boolean {
  return error instanceof Unavailable || isDatabaseUnavailable(error);
}

function toBatch(changes: readonly PendingChange[], chains: ReadonlyMap<string, PodChain>): KubernetesBatch {
  const pods = changes.flatMap((change) => ('pod' in change ? [change.pod] : []));
  return {
    nodes: changes.flatMap((change) => (change.kind === 'node' ? [change.node] : [])),
    removedNodes: changes.flatMap((change) => (change.kind === 'node-removed' ? [change.name] : [])),
    pods,
    removedPods: changes.flatMap((change) =>
      change.kind === 'pod-removed' ? [{ uid: change.pod.uid, endedAt: change.endedAt }] : [],
    ),
    chains: pods.flatMap((pod) => chains.get(pod.uid) ?? []),
  };
}
