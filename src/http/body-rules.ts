import type { HttpConfig } from '../config/http.config.js';
import type { PodsConfig } from '../config/pods.config.js';
import { REMOTE_WRITE_PATH } from './remote-write-path.js';

/** How the body of some routes is read. */
export interface BodyRule {
  /** The path and everything below it. */
  readonly path: string;
  /** Only requests with this method; undefined means any. */
  readonly method?: string;
  /** Largest JSON body in bytes, after decompression; `raw` leaves the body to the route. */
  readonly body: number | 'raw';
}

/** The routes that do not take JSON of the usual size; the first match decides, the last rule takes everything else. */
export function bodyRules(http: HttpConfig, pods: PodsConfig): readonly BodyRule[] {
  return [
    { path: REMOTE_WRITE_PATH, body: 'raw' },
    { path: '/v1/pods/inventory', method: 'PUT', body: pods.inventoryBodyLimit },
    { path: '/v1/container-events', method: 'POST', body: pods.containerEventsBodyLimit },
    { path: '', body: http.jsonBodyLimit },
  ];
}

/** Whether the rule is for this request. Paths are compared as the router does it: without regard to case. */
export function appliesTo(rule: BodyRule, method: string, path: string): boolean {
  if (rule.method !== undefined && rule.method !== method) return false;
  const lowerPath = path.toLowerCase();
  return lowerPath === rule.path || lowerPath.startsWith(`${rule.path}/`);
}
