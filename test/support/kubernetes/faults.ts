import type { Kind } from './kinds.js';
import type { ResourceRequest, Verb } from './route.js';
import { ApiFailure } from './status.js';

/** Which requests a fault meets, and how many of them. */
export interface FaultTarget {
  /** Tested on path and query; every request when missing. */
  readonly path?: RegExp;
  /** Requests that it meets before it is over; without end when missing. */
  readonly times?: number;
}

export interface FailedAnswer extends FaultTarget {
  readonly status: number;
  /** Seconds, for the header `Retry-After` and the body. */
  readonly retryAfter?: number;
  readonly message?: string;
  readonly reason?: string;
  /** Plain text in place of a `Status`, as priority and fairness answers 429 and proxies answer 502. */
  readonly plainText?: boolean;
}

/** What shall happen to a request. */
export type Fault =
  | { readonly type: 'fail'; readonly answer: FailedAnswer }
  | { readonly type: 'delay'; readonly ms: number }
  | { readonly type: 'hang' }
  | { readonly type: 'cut'; readonly afterBytes: number };

/** Ends a fault before its time. */
export type EndFault = () => void;

interface Planned {
  readonly path: RegExp | undefined;
  left: number;
  readonly fault: Fault;
}

/** The faults that tests have asked for, oldest first. */
export class Faults {
  private planned: Planned[] = [];

  add(target: FaultTarget, fault: Fault): EndFault {
    const entry: Planned = { path: target.path, left: target.times ?? Infinity, fault };
    this.planned.push(entry);
    return () => {
      this.planned = this.planned.filter((other) => other !== entry);
    };
  }

  clear(): void {
    this.planned = [];
  }

  /** The faults that meet a request, each counted as used. */
  take(path: string): readonly Fault[] {
    const met = this.planned.filter(
      (entry) => entry.left > 0 && (entry.path === undefined || matches(entry.path, path)),
    );
    for (const entry of met) entry.left -= 1;
    return met.map((entry) => entry.fault);
  }
}

function matches(pattern: RegExp, path: string): boolean {
  pattern.lastIndex = 0;
  return pattern.test(path);
}

export function failureOf(answer: FailedAnswer): ApiFailure {
  const { status, retryAfter, reason, plainText } = answer;
  return new ApiFailure(status, answer.message ?? defaultMessage(status), { retryAfter, reason, plainText });
}

function defaultMessage(status: number): string {
  if (status === 401) return 'Unauthorized';
  if (status === 429) return 'Too many requests, please try again later.';
  if (status === 503) return 'apiserver is shutting down';
  return `the server answers ${status}`;
}

/** Something that may not be done; every verb and every namespace when these are missing. */
export interface Prohibition {
  /** Empty for the core group. */
  readonly group: string;
  /** The plural name, or `*`. */
  readonly resource: string;
  readonly verb?: Verb;
  /** With a namespace, only requests inside it are met. */
  readonly namespace?: string;
}

export const USER = 'system:serviceaccount:telemetry:telemetry-processor';

/** What the client's role does not cover. */
export class Prohibitions {
  private readonly forbidden = new Map<string, Prohibition>();

  forbid(prohibition: Prohibition): void {
    this.forbidden.set(nameOf(prohibition), prohibition);
  }

  /** Takes back the same prohibition. */
  allow(prohibition: Prohibition): void {
    this.forbidden.delete(nameOf(prohibition));
  }

  /** Throws the failure of a request that is forbidden. */
  check(request: ResourceRequest): void {
    for (const prohibition of this.forbidden.values()) {
      if (covers(prohibition, request)) throw forbiddenAnswer(request.kind, request);
    }
  }
}

function covers(prohibition: Prohibition, { kind, verb, namespace }: ResourceRequest): boolean {
  return (
    prohibition.group === kind.group &&
    (prohibition.resource === '*' || prohibition.resource === kind.plural) &&
    (prohibition.verb === undefined || prohibition.verb === verb) &&
    (prohibition.namespace === undefined || prohibition.namespace === namespace)
  );
}

function forbiddenAnswer({ plural, group }: Kind, { verb, name, namespace }: ResourceRequest): ApiFailure {
  const object = name === '' ? '' : ` "${name}"`;
  const resource = group === '' ? plural : `${plural}.${group}`;
  const scope = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const what = `cannot ${verb} resource "${plural}" in API group "${group}" ${scope}`;
  const details = { ...(name === '' ? {} : { name }), ...(group === '' ? {} : { group }), kind: plural };
  return new ApiFailure(403, `${resource}${object} is forbidden: User "${USER}" ${what}`, { details });
}

function nameOf({ group, resource, verb, namespace }: Prohibition): string {
  return JSON.stringify([group, resource, verb, namespace]);
}
