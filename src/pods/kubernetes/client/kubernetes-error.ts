/**
 * Reasons of failures that have no `Status` of the API server; they stand beside its own (`Expired`, `Forbidden`, …).
 */
export type LocalReason =
  /** No answer, or one that broke off. */
  | 'Network'
  /** An answer that is not what the API promises. */
  | 'Malformed'
  /** The credentials could not be obtained: a file is missing, a plugin failed. */
  | 'Credentials';

export interface KubernetesFailure {
  /** HTTP status, or the code of an ERROR event; 0 when there was no answer. */
  readonly status: number;
  /** `Status.reason`, a {@link LocalReason}, or empty when the answer names none. */
  readonly reason: string;
  /** How long the API server wants to be left alone, ms. */
  readonly retryAfter?: number | undefined;
  readonly cause?: unknown;
}

/** A request to the API server, or a watch under way, that failed. */
export class KubernetesError extends Error {
  readonly status: number;
  readonly reason: string;
  /** ms */
  readonly retryAfter: number | undefined;

  constructor(message: string, { status, reason, retryAfter, cause }: KubernetesFailure) {
    // TLS failures come with line ends.
    super(message.replace(/\s+/g, ' ').trim(), { cause });
    this.name = 'KubernetesError';
    this.status = status;
    this.reason = reason;
    this.retryAfter = retryAfter;
  }
}

/** Whether the version that a list or watch was to go on from is too old: everything must be listed anew. */
export function isGone(error: unknown): boolean {
  return error instanceof KubernetesError && (error.status === 410 || ['Expired', 'Gone'].includes(error.reason));
}

/** Whether the account lacks the permission. (401 is another matter: the account was not recognised.) */
export function isForbidden(error: unknown): boolean {
  return error instanceof KubernetesError && error.status === 403;
}

export function isNotFound(error: unknown): boolean {
  return error instanceof KubernetesError && error.status === 404;
}

/** Whether the same request may succeed a little later: overload, a failing server, no answer at all. */
export function isRetriable(error: unknown): boolean {
  if (!(error instanceof KubernetesError)) return false;
  return error.status === 0 || error.status === 408 || error.status === 429 || error.status >= 500;
}

/** The failure that a `Status` object tells of: body of a refusal, or object of an ERROR event. Tolerates anything. */
export function errorFromStatus(
  raw: unknown,
  fallback: { status: number; message: string; retryAfter?: number },
): KubernetesError {
  const { code, reason, message, details } = record(raw);
  const seconds = record(details)['retryAfterSeconds'];
  return new KubernetesError(typeof message === 'string' && message !== '' ? message : fallback.message, {
    status: typeof code === 'number' ? code : fallback.status,
    reason: typeof reason === 'string' ? reason : '',
    retryAfter: fallback.retryAfter ?? (typeof seconds === 'number' && seconds > 0 ? seconds * 1_000 : undefined),
  });
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
