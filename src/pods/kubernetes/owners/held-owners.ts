import type { ObjectMeta } from '../../core/kubernetes/objects.js';
import { apiGroupOf, type PendingOwner } from '../../core/kubernetes/owner-chain.js';
import type { OwnerKind } from './owner-kinds.js';

/** An owner that was asked for. */
export interface HeldOwner extends PendingOwner {
  readonly kind: OwnerKind;
  /** Null when it does not exist any more. */
  meta: ObjectMeta | null;
  /** When it was last looked up, ms since the epoch. */
  usedAt: number;
  /** The sweep in which a pod last led to it. */
  sweep: number;
}

/**
 * The owners held, by UID and all else that a reference says. More than one of a UID are the rare exception, so keys are not made
 * up for each look: there are a hundred thousand of them at a time.
 */
export class HeldOwners {
  private readonly byUid = new Map<string, HeldOwner[]>();

  get({ ref, namespace }: PendingOwner): HeldOwner | undefined {
    return this.byUid
      .get(ref.uid)
      ?.find(
        (held) =>
          held.ref.name === ref.name &&
          held.namespace === namespace &&
          held.ref.kind === ref.kind &&
          isSameGroup(held.ref.apiVersion, ref.apiVersion),
      );
  }

  set(owner: HeldOwner): void {
    const others = this.byUid.get(owner.ref.uid)?.filter((other) => other !== this.get(owner)) ?? [];
    this.byUid.set(owner.ref.uid, [...others, owner]);
  }

  *values(): Generator<HeldOwner> {
    for (const owners of this.byUid.values()) yield* owners;
  }

  /** Keeps the owners that pass. */
  filter(keep: (owner: HeldOwner) => boolean): void {
    for (const [uid, owners] of this.byUid) {
      const kept = owners.filter(keep);
      if (kept.length === 0) this.byUid.delete(uid);
      else if (kept.length < owners.length) this.byUid.set(uid, kept);
    }
  }
}

function isSameGroup(one: string, other: string): boolean {
  return one === other || apiGroupOf(one) === apiGroupOf(other);
}
