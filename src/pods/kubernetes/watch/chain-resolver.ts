import { setImmediate } from 'node:timers/promises';
import type { OwnerReference, WatchedPod } from '../../core/kubernetes/objects.js';
import type { OwnerChain, OwnerLookup, PendingOwner } from '../../core/kubernetes/owner-chain.js';
import { resolveOwners, type OwnerRules } from '../../core/kubernetes/resolve-owners.js';
import type { PodChain } from '../writer/kubernetes-batch.js';

/** Pods looked at in one turn of the event loop. */
const TURN = 2_000;

/** What is known of owners, and how more becomes known. */
export interface Owners {
  lookUp(ref: OwnerReference, namespace: string): OwnerLookup;
  /** Asks for owners; resolves when each was answered or has failed for now. Never rejects. */
  fetch(pending: readonly PendingOwner[], signal: AbortSignal): Promise<void>;
}

/** Finds the workloads of pods, and remembers the pods about which there is more to find out. */
export class ChainResolver {
  /** Pods with an owner that was not read yet. */
  readonly pending = new Set<string>();
  /** Pods with an owner that cannot be read. */
  readonly unreadable = new Set<string>();

  constructor(
    private readonly owners: Owners,
    private readonly rules: OwnerRules,
  ) {}

  /**
   * The chains of those pods whose owners are known, or become known within `patience` (ms; 0 asks for nothing). Rejects when
   * `signal` is aborted.
   */
  async resolve(pods: readonly WatchedPod[], patience: number, signal: AbortSignal): Promise<PodChain[]> {
    const chains: PodChain[] = [];
    const until = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
    for (let left = pods; ;) {
      const missing = new Map<string, PendingOwner>();
      left = await this.lookAll(left, chains, missing);
      if (left.length === 0 || patience === 0 || until.aborted) return chains;
      await this.fetch([...missing.values()], signal, until);
      signal.throwIfAborted();
      // What still pends after its answer is being put off by the API server.
      if ([...missing.values()].every(({ ref, namespace }) => this.isPending(ref, namespace))) return chains;
    }
  }

  /** A pod that is gone needs no better answer. */
  forget(uid: string): void {
    this.pending.delete(uid);
    this.unreadable.delete(uid);
  }

  /** Adds the chains of those that are known, and the owners that the others, which it returns, wait for. */
  private async lookAll(
    pods: readonly WatchedPod[],
    chains: PodChain[],
    missing: Map<string, PendingOwner>,
  ): Promise<WatchedPod[]> {
    const left: WatchedPod[] = [];
    for (const [index, pod] of pods.entries()) {
      if (index % TURN === TURN - 1) await setImmediate();
      const chain = this.look(pod);
      for (const owner of chain.pending) missing.set(owner.ref.uid, owner);
      if (chain.end === 'pending') left.push(pod);
      else chains.push({ podUid: pod.uid, chain });
    }
    return left;
  }

  private look(pod: WatchedPod): OwnerChain {
    const chain = resolveOwners(pod, (ref, namespace) => this.owners.lookUp(ref, namespace), this.rules);
    this.forget(pod.uid);
    if (chain.end === 'pending') this.pending.add(pod.uid);
    if (chain.end === 'unreadable') this.unreadable.add(pod.uid);
    return chain;
  }

  private isPending(ref: OwnerReference, namespace: string): boolean {
    return this.owners.lookUp(ref, namespace).state === 'pending';
  }

  /** Waits for answers until then; the requests go on, and their answers are there for the next one who asks. */
  private async fetch(missing: readonly PendingOwner[], signal: AbortSignal, until: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const stop = (): void => {
      resolve(undefined);
    };
    until.addEventListener('abort', stop, { once: true });
    await Promise.race([this.owners.fetch(missing, signal), promise]);
    until.removeEventListener('abort', stop);
  }
}
