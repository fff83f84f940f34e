import type { KubernetesError } from './kubernetes-error.js';

export type ReflectorState =
  /** Reads everything, page by page. */
  | 'listing'
  /** Receives changes as they happen. */
  | 'watching'
  /** Something failed; it will try again by itself. */
  | 'waiting'
  /** It lacks the permission, and asks again from time to time. */
  | 'forbidden'
  /** It was told to end. */
  | 'stopped';

/** How a reflector is doing. Times in ms since the epoch, null before the first one; counts since it was made. */
export interface ReflectorStatus {
  readonly state: ReflectorState;
  /** How far it has got: of the last list, event or bookmark; undefined when it has to list anew. */
  readonly resourceVersion: string | undefined;
  /** When the last complete list ended. */
  readonly listedAt: number | null;
  readonly lastEventAt: number | null;
  /** Complete lists. */
  readonly lists: number;
  /** Watches that the API server began to answer. */
  readonly watches: number;
  /** Changes handed on. */
  readonly events: number;
  /** Objects and events left out because they lack what they must have. */
  readonly skipped: number;
  readonly errors: number;
  readonly lastError: KubernetesError | null;
  readonly lastErrorAt: number | null;
  /** When it tries again, while it is waiting or forbidden. */
  readonly retryAt: number | null;
}

export const NEW_STATUS: ReflectorStatus = {
  state: 'stopped',
  resourceVersion: undefined,
  listedAt: null,
  lastEventAt: null,
  lists: 0,
  watches: 0,
  events: 0,
  skipped: 0,
  errors: 0,
  lastError: null,
  lastErrorAt: null,
  retryAt: null,
};
