import { isLoopback } from '../common/loopback.js';
import type { Config } from './config.js';
import type { ConfigurationProblem } from './configuration-error.js';

interface CrossCheck {
  /** The settings it looks at: it is left out when one of them is faulty already. */
  readonly of: readonly string[];
  readonly check: (config: Config) => Omit<ConfigurationProblem, 'setting'> | undefined;
}

const CHECKS: readonly CrossCheck[] = [
  { of: ['HOST', 'AUTH_MODE', 'AUTH_TOKENS', 'AUTH_TOKENS_FILE'], check: openToTheNetwork },
  { of: ['AUTH_MODE', 'AUTH_TOKENS', 'AUTH_TOKENS_FILE'], check: tokensMissing },
  { of: ['CACHE_RELOAD_INTERVAL', 'CACHE_REFRESH_INTERVAL'], check: reloadBeforeRefresh },
  { of: ['METRICS_MAX_IN_FLIGHT_BYTES', 'METRICS_MAX_DECOMPRESSED_BYTES'], check: requestExceedsMemory },
];

/** Problems that lie in the combination of settings; each names the first setting of its check. */
export function checkAcross(config: Config, faulty: ReadonlySet<string>): readonly ConfigurationProblem[] {
  return CHECKS.filter(({ of }) => !of.some((setting) => faulty.has(setting))).flatMap(({ of, check }) => {
    const problem = check(config);
    return problem === undefined ? [] : [{ setting: of[0] ?? '', ...problem }];
  });
}

function openToTheNetwork({ http, auth }: Config) {
  if (isLoopback(http.host) || auth.tokens.length > 0 || auth.mode !== 'auto') return undefined;
  return {
    value: http.host,
    message:
      'is reachable from other machines: configure AUTH_TOKENS or AUTH_TOKENS_FILE, or set AUTH_MODE=none to let everybody in',
  };
}

function tokensMissing({ auth }: Config) {
  if (auth.mode !== 'tokens' || auth.tokens.length > 0) return undefined;
  return { value: auth.mode, message: 'needs at least one token in AUTH_TOKENS or AUTH_TOKENS_FILE' };
}

function reloadBeforeRefresh({ pods }: Config) {
  if (pods.cacheReloadInterval >= pods.cacheRefreshInterval) return undefined;
  return { message: 'must not be shorter than CACHE_REFRESH_INTERVAL' };
}

function requestExceedsMemory({ metrics }: Config) {
  if (metrics.maxInFlightBytes >= metrics.maxDecompressedBytes) return undefined;
  return {
    message: 'must not be smaller than METRICS_MAX_DECOMPRESSED_BYTES, or no request of that size could be taken',
  };
}
