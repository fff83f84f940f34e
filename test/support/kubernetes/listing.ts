import type { StoredObject } from './object.js';
import { type ResourceRequest, selectorOf } from './route.js';
import { ApiFailure, continueTooOld, listTooOld, versionTooLarge } from './status.js';
import { firstIndex, type ObjectStore } from './store.js';

/** One page of a listing. */
export interface Page {
  readonly version: number;
  readonly objects: readonly StoredObject[];
  /** Empty on the last page. */
  readonly token: string;
  /** Undefined on the last page and, as with real servers, when a field selector is given. */
  readonly remaining: number | undefined;
}

/** Where a listing goes on: the version it is pinned to (-1: whatever is the latest) and the last key before. */
interface Continuation {
  readonly rv: number;
  readonly start: string;
}

/** Answers a list request; the semantics are those of the API concepts' "resourceVersion parameters" table. */
export function listPage(store: ObjectStore, request: ResourceRequest): Page {
  const { query, kind } = request;
  checkParameters(query);
  const token = query.get('continue') ?? '';
  const from = token === '' ? undefined : readToken(token);
  const version = from === undefined ? startVersion(store, query) : from.rv < 0 ? store.version : from.rv;
  const objects = store.snapshot(kind, version);
  if (objects === undefined) {
    throw from === undefined ? listTooOld() : continueTooOld(writeToken({ rv: -1, start: from.start }));
  }
  // Served from the watch cache, which knows no pages.
  const unlimited = from === undefined && query.get('resourceVersion') === '0';
  const limit = unlimited ? Infinity : Number(query.get('limit') ?? 0) || Infinity;
  return cutPage(request, version, objects, { start: from?.start ?? '', limit });
}

function cutPage(
  request: ResourceRequest,
  version: number,
  all: readonly StoredObject[],
  page: { readonly start: string; readonly limit: number },
): Page {
  const selects = selectorOf(request);
  const [first, end] = range(all, request.namespace, page.start);
  const objects: StoredObject[] = [];
  let index = first;
  for (; index < end && objects.length < page.limit; index += 1) {
    if (selects(all[index]!)) objects.push(all[index]!);
  }
  const isLast = request.fields === undefined ? index >= end : !all.slice(index, end).some(selects);
  if (isLast) return { version, objects, token: '', remaining: undefined };
  const token = writeToken({ rv: version, start: objects.at(-1)!.key });
  return { version, objects, token, remaining: request.fields === undefined ? end - index : undefined };
}

/** From the first object after `start` to the end of the namespace. */
function range(all: readonly StoredObject[], namespace: string | undefined, start: string): [number, number] {
  const afterStart = firstIndex(all.length, (index) => all[index]!.key > start);
  if (namespace === undefined) return [afterStart, all.length];
  const first = firstIndex(all.length, (index) => all[index]!.key >= `${namespace}/`);
  // '0' is the character after '/'.
  return [Math.max(first, afterStart), firstIndex(all.length, (index) => all[index]!.key >= `${namespace}0`)];
}

function startVersion(store: ObjectStore, query: URLSearchParams): number {
  const asked = readVersion(query);
  if (asked === undefined || asked === 0) return store.version;
  if (asked > store.version) throw versionTooLarge(asked, store.version);
  const match = query.get('resourceVersionMatch');
  const isExact = match === 'Exact' || (match === null && Number(query.get('limit') ?? 0) > 0);
  return isExact ? asked : store.version;
}

function checkParameters(query: URLSearchParams): void {
  const version = query.get('resourceVersion') ?? '';
  const match = query.get('resourceVersionMatch');
  const goesOn = (query.get('continue') ?? '') !== '';
  if (goesOn && version !== '' && version !== '0') {
    throw new ApiFailure(400, 'specifying resource version is not allowed when using continue');
  }
  if (match === null) return;
  if (goesOn) throw invalid('resourceVersionMatch is forbidden when continue is provided');
  if (version === '') throw invalid('resourceVersionMatch is forbidden unless resourceVersion is provided');
  if (match === 'Exact' && version === '0') throw invalid('resourceVersionMatch is forbidden for resourceVersion "0"');
}

function invalid(message: string): ApiFailure {
  return new ApiFailure(422, `ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: ${message}`);
}

/** The version a request starts from; undefined when it does not say. */
export function readVersion(query: URLSearchParams): number | undefined {
  const text = query.get('resourceVersion') ?? '';
  if (text === '') return undefined;
  if (!/^\d+$/.test(text)) throw new ApiFailure(400, `invalid resource version "${text}"`);
  return Number(text);
}

function writeToken(continuation: Continuation): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', ...continuation })).toString('base64url');
}

function readToken(token: string): Continuation {
  try {
    const { rv, start } = JSON.parse(Buffer.from(token, 'base64url').toString()) as Partial<Continuation>;
    if (typeof rv === 'number' && typeof start === 'string') return { rv, start };
  } catch {
    // Answered below, like a token of another form.
  }
  throw new ApiFailure(400, 'continue key is not valid');
}
