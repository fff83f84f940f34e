import { type LoggerService } from '@nestjs/common';
import type { Clock } from '../../../common/clock.js';
import { backoffDelay } from '../../../database/backoff.js';
import { apiGroupOf, type PendingOwner, qualifiedKind } from '../../core/kubernetes/owner-chain.js';
import { isForbidden, KubernetesError } from '../client/kubernetes-error.js';

const BACKOFF = { base: 1_000, max: 60_000 };

export type OwnerKindState = 'readable' | 'forbidden' | 'unknown_kind' | 'failing';

/** How reading a kind of owner goes. */
export interface OwnerKindStatus {
  /** With its group, e.g. `PyTorchJob.kubeflow.org`. */
  readonly kind: string;
  readonly state: OwnerKindState;
  /** ms since the epoch. */
  readonly since: number;
  readonly lastError?: string;
  /** How many objects are held. */
  readonly objects: number;
}

/** One kind as references name it: its version, and the namespace where rights are given by namespace. */
export interface OwnerKind {
  readonly key: string;
  readonly kind: string;
  readonly apiVersion: string;
  /** Empty when it is read in all namespaces. */
  readonly scope: string;
  state: OwnerKindState;
  since: number;
  lastError: string | undefined;
  /** Failures in a row. */
  failures: number;
  /** Not asked before, ms since the epoch. */
  retryAt: number;
  /** Until then objects are read one by one because lists are refused, ms since the epoch. */
  listRefusedUntil: number;
  /** Whether a pod refers to it. */
  isUsed: boolean;
  /** One of those that could not be read, to try again with. */
  sample: PendingOwner | undefined;
}

export interface OwnerKindsOptions {
  readonly clock: Clock;
  readonly logger: Pick<LoggerService, 'log' | 'warn'>;
  /** After this many ms a kind that could not be read is asked for again. */
  readonly retryInterval: number;
  /** Whether pods are watched in some namespaces only, and rights therefore given by namespace. */
  readonly isScoped: boolean;
  /** A kind that could not be read can be again. */
  readonly onReadable: (kind: string) => void;
}

/** What is known of each kind of owner: whether it can be read, and when it is asked again if not. */
export class OwnerKinds {
  private readonly byKey = new Map<string, OwnerKind>();

  constructor(private readonly options: OwnerKindsOptions) {}

  of({ ref, namespace }: PendingOwner): OwnerKind {
    const scope = this.options.isScoped ? namespace : '';
    const key = `${ref.apiVersion}/${ref.kind}@${scope}`;
    const known = this.byKey.get(key);
    if (known !== undefined) return known;
    const kind: OwnerKind = {
      key,
      kind: qualifiedKind(ref.kind, apiGroupOf(ref.apiVersion)),
      apiVersion: ref.apiVersion,
      scope,
      ...{ state: 'readable', since: this.options.clock.now(), lastError: undefined, failures: 0 },
      ...{ retryAt: 0, listRefusedUntil: 0, isUsed: true, sample: undefined },
    };
    this.byKey.set(key, kind);
    return kind;
  }

  isAskable(kind: OwnerKind): boolean {
    return kind.state === 'readable' || (kind.state === 'failing' && kind.retryAt <= this.options.clock.now());
  }

  /** All that was asked was answered. */
  answered(kind: OwnerKind): void {
    const wasUnreadable = isUnreadable(kind);
    kind.failures = 0;
    kind.lastError = undefined;
    kind.sample = undefined;
    this.change(kind, 'readable');
    if (wasUnreadable) this.options.onReadable(kind.kind);
  }

  /** Lists of the kind are refused, single objects may be readable all the same. */
  listRefused(kind: OwnerKind): void {
    kind.listRefusedUntil = this.options.clock.now() + this.options.retryInterval;
  }

  mayList(kind: OwnerKind): boolean {
    return kind.listRefusedUntil <= this.options.clock.now();
  }

  /** The kind is not served. */
  unknown(kind: OwnerKind, sample: PendingOwner): void {
    this.refused(kind, 'unknown_kind', sample, `the API server does not serve it in ${kind.apiVersion}`);
  }

  /** A request failed. A kind known to be unreadable stays that when it is tried again in vain. */
  failed(kind: OwnerKind, error: unknown, sample: PendingOwner): void {
    const message = error instanceof Error ? error.message : String(error);
    if (isForbidden(error)) {
      this.refused(kind, 'forbidden', sample, message);
      return;
    }
    const wish = error instanceof KubernetesError ? (error.retryAfter ?? 0) : 0;
    kind.retryAt = this.options.clock.now() + Math.max(wish, backoffDelay(kind.failures, BACKOFF));
    kind.failures += 1;
    kind.lastError = message;
    kind.sample = sample;
    if (!isUnreadable(kind)) this.change(kind, 'failing');
  }

  /** Kinds that are due to be tried again, each with an owner to try. */
  due(): { readonly kind: OwnerKind; readonly sample: PendingOwner }[] {
    const now = this.options.clock.now();
    return [...this.byKey.values()].flatMap((kind) => {
      const { state, retryAt, sample } = kind;
      return state === 'readable' || retryAt > now || sample === undefined ? [] : [{ kind, sample }];
    });
  }

  /** When something that was put off may be asked again; null when nothing was. */
  nextAttemptAt(): number | null {
    const waiting = [...this.byKey.values()].filter((kind) => kind.state !== 'readable');
    return waiting.length === 0 ? null : Math.min(...waiting.map((kind) => kind.retryAt));
  }

  /** Forgets kinds that no pod refers to any more; `isUsed` says which do. */
  dropUnused(): void {
    for (const [key, kind] of this.byKey) if (!kind.isUsed) this.byKey.delete(key);
  }

  all(): Iterable<OwnerKind> {
    return this.byKey.values();
  }

  private refused(kind: OwnerKind, state: 'forbidden' | 'unknown_kind', sample: PendingOwner, error: string): void {
    kind.retryAt = this.options.clock.now() + this.options.retryInterval;
    kind.lastError = error;
    kind.sample = sample;
    kind.failures = 0;
    this.change(kind, state);
  }

  private change(kind: OwnerKind, state: OwnerKindState): void {
    if (kind.state === state) return;
    kind.state = state;
    kind.since = this.options.clock.now();
    const { logger } = this.options;
    const fields = { kind: kind.kind, apiVersion: kind.apiVersion, namespace: kind.scope, reason: kind.lastError };
    if (state === 'readable') logger.log(fields, 'Owners of this kind can be read again');
    if (state === 'forbidden')
      logger.warn(fields, 'Owners of this kind may not be read; what is above them is unknown');
    if (state === 'unknown_kind') logger.warn(fields, 'Owners of this kind are not served by the API server');
    if (state === 'failing') logger.warn(fields, 'Owners of this kind cannot be read for now; trying again');
  }
}

export function isUnreadable({ state }: Pick<OwnerKind, 'state'>): boolean {
  return state === 'forbidden' || state === 'unknown_kind';
}
