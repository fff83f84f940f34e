import type { DeviceHolding, PodRef } from '../../pods/core/inventory-view.js';
import type { Validity } from './validity.js';

/** Who is meant, or why nobody is. `endedAt` is set when the answer rests on the grace period. */
export type Resolution =
  | { readonly pods: readonly PodRef[]; readonly endedAt: number | undefined }
  | { readonly reason: 'no_device' | 'no_pod' | 'expired' | 'ambiguous' };

/**
 * The pods that held a device at a time: those whose holding covers it, else those whose holding ended last,
 * within the grace period.
 */
export function resolveHolders(holdings: readonly DeviceHolding[], validity: Validity, graceMs: number): Resolution {
  const { at } = validity;
  const spans = holdings.map((holding) => ({ ...holding, to: Math.min(holding.to, holding.pod?.endedAt ?? Infinity) }));
  for (const { from, to } of spans) {
    validity.cut(from);
    validity.cut(to);
    validity.cut(to + graceMs);
  }
  const current = spans.filter(({ from, to }) => from <= at && at < to);
  if (current.length > 0) return holders(current, undefined);
  const ended = spans.filter(({ from, to }) => from <= at && to <= at);
  if (ended.length === 0) return { reason: 'no_device' };
  const end = Math.max(...ended.map(({ to }) => to));
  if (end + graceMs <= at) return { reason: 'expired' };
  return holders(
    ended.filter(({ to }) => to === end),
    end,
  );
}

function holders(holdings: readonly DeviceHolding[], endedAt: number | undefined): Resolution {
  const pods = new Map<string, PodRef>();
  for (const { pod } of holdings) if (pod !== null) pods.set(pod.uid, pod);
  return pods.size === 0 ? { reason: 'no_pod' } : { pods: [...pods.values()], endedAt };
}

/**
 * The pod that bore a name at a time. Of several alive the one that started last counts (a recreated pod whose
 * predecessor's end was not seen); when that does not tell them apart, or they live in different namespaces, none does.
 */
export function resolveNamed(pods: readonly PodRef[], validity: Validity, graceMs: number): Resolution {
  const { at } = validity;
  for (const { startedAt, endedAt } of pods) {
    validity.cut(startedAt);
    validity.cut(endedAt);
    validity.cut(endedAt + graceMs);
  }
  const started = pods.filter(({ startedAt }) => startedAt <= at);
  const alive = started.filter(({ endedAt }) => at < endedAt);
  if (alive.length > 0) return latestOf(alive);
  const last = started.reduce<PodRef | undefined>(
    (a, b) => (a === undefined || b.endedAt > a.endedAt ? b : a),
    undefined,
  );
  if (last === undefined) return { reason: 'no_pod' };
  if (last.endedAt + graceMs <= at) return { reason: 'expired' };
  const rivals = started.filter(({ namespace, endedAt }) => namespace !== last.namespace && at < endedAt + graceMs);
  return rivals.length > 0 ? { reason: 'ambiguous' } : { pods: [last], endedAt: last.endedAt };
}

/** A pod named by UID: the UID is its identity, so only its end matters. */
export function resolveIdentified(pod: PodRef, validity: Validity, graceMs: number): Resolution {
  validity.cut(pod.endedAt);
  validity.cut(pod.endedAt + graceMs);
  if (validity.at < pod.endedAt) return { pods: [pod], endedAt: undefined };
  return validity.at < pod.endedAt + graceMs ? { pods: [pod], endedAt: pod.endedAt } : { reason: 'expired' };
}

function latestOf(alive: readonly PodRef[]): Resolution {
  const [first, second] = [...alive].sort((a, b) => (a.startedAt === b.startedAt ? 0 : b.startedAt - a.startedAt));
  if (first === undefined) return { reason: 'no_pod' };
  if (
    second !== undefined &&
    (second.startedAt === first.startedAt || alive.some((pod) => pod.namespace !== first.namespace))
  ) {
    return { reason: 'ambiguous' };
  }
  return { pods: [first], endedAt: undefined };
}
