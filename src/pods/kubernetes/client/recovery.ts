import { isForbidden, isGone, KubernetesError } from './kubernetes-error.js';

/** Answers 4xx after which the same version may still be asked for. */
const PASSING_REFUSALS: ReadonlySet<number> = new Set([401, 408, 429]);
/** After so many failures in a row that are not the network's the version itself is suspected. */
const SUSPECT_AFTER = 5;
/** Longest wait that an API server may ask for, ms. */
const MAX_RETRY_AFTER = 5 * 60_000;

/** What is done about a failure. */
export type Recovery =
  /** Everything is listed anew, after `pause` ms. */
  | { readonly kind: 'relist'; readonly pause: number }
  /** What failed is done again as it was, after `pause` ms. */
  | { readonly kind: 'resume'; readonly pause: number }
  /** Nothing until the permission may have been given. */
  | { readonly kind: 'forbidden' };

/**
 * What is done about a failure of a list or a watch, as client-go's Reflector does it: a version that is too old is
 * listed anew at once the first time, overload and outages are waited out where it stands, and what the API server does
 * not understand ends in a list.
 * @param failures failures in a row before this one
 * @param backoff ms to wait after so many failures
 */
export function recoveryFrom(error: KubernetesError, failures: number, backoff: number): Recovery {
  if (isForbidden(error)) return { kind: 'forbidden' };
  if (isGone(error)) return { kind: 'relist', pause: failures === 0 ? 0 : backoff };
  const pause = Math.max(backoff, Math.min(error.retryAfter ?? 0, MAX_RETRY_AFTER));
  return { kind: isVersionSuspect(error, failures) ? 'relist' : 'resume', pause };
}

function isVersionSuspect(error: KubernetesError, failures: number): boolean {
  const { status, reason, message } = error;
  // A cluster restored from a backup is behind the version we know, and says so with a 504 for ever.
  if (message.includes('Too large resource version')) return true;
  if (status >= 400 && status < 500) return !PASSING_REFUSALS.has(status);
  return failures >= SUSPECT_AFTER && reason !== 'Network' && reason !== 'Credentials';
}
