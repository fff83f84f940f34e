import { type Kind, type KindRegistry, resourceNameOf } from './kinds.js';
import { type Selector, fieldSelector } from './selector.js';
import { unknownPath, unknownResource } from './status.js';

export type Verb = 'get' | 'list' | 'watch';

/** A request for objects, read. */
export interface ResourceRequest {
  readonly verb: Verb;
  readonly kind: Kind;
  /** Undefined for the whole cluster. */
  readonly namespace: string | undefined;
  /** Of the object that `get` asks for. */
  readonly name: string;
  readonly query: URLSearchParams;
  /** Undefined when it is about all objects. */
  readonly fields: Selector | undefined;
  /** The client wants metadata only. */
  readonly partial: boolean;
}

const RESOURCE_PATH =
  /^\/(?:api|apis\/(?<group>[^/]+))\/(?<version>[^/]+)(?:\/namespaces\/(?<namespace>[^/]+))?\/(?<plural>[^/]+)(?:\/(?<name>[^/]+))?$/;

/** Reads the path and the query of a request for objects; throws the failure of a path that is not served. */
export function readResourceRequest(url: URL, accept: string, kinds: KindRegistry): ResourceRequest {
  const parts = RESOURCE_PATH.exec(url.pathname)?.groups;
  if (parts === undefined) throw unknownPath();
  const group = parts['group'] ?? '';
  const version = parts['version']!;
  if (kinds.inVersion(group, version).length === 0) throw unknownPath();
  const kind = kinds.byPlural(group, version, parts['plural']!);
  const namespace = parts['namespace'] === undefined ? undefined : decodeURIComponent(parts['namespace']);
  if (kind === undefined || (namespace !== undefined && !kind.namespaced)) throw unknownResource();
  const name = decodeURIComponent(parts['name'] ?? '');
  if (name !== '' && kind.namespaced && namespace === undefined) throw unknownResource();
  const query = url.searchParams;
  return {
    verb: verbOf(query, name),
    kind,
    namespace,
    name,
    query,
    fields: fieldSelector(query.get('fieldSelector')),
    partial: /as=PartialObjectMetadata(List)?\b/.test(accept),
  };
}

function verbOf(query: URLSearchParams, name: string): Verb {
  if (name !== '') return 'get';
  return ['1', 'true'].includes(query.get('watch') ?? '') ? 'watch' : 'list';
}

/** Whether the request is about this object. */
export function selectorOf(request: ResourceRequest): Selector {
  const { namespace, fields } = request;
  return (object) => (namespace === undefined || object.namespace === namespace) && (fields?.(object) ?? true);
}

/** The kind as objects of this request write it. */
export function writtenKind(request: ResourceRequest, list = false): { kind: string; apiVersion: string } {
  const suffix = list ? 'List' : '';
  if (request.partial) return { kind: `PartialObjectMetadata${suffix}`, apiVersion: 'meta.k8s.io/v1' };
  const { group, version, kind } = request.kind;
  return { kind: `${kind}${suffix}`, apiVersion: group === '' ? version : `${group}/${version}` };
}

/** What the request is about, for messages: `pods`, `jobs.batch/team-a`. */
export function scopeOf(request: ResourceRequest): string {
  const name = resourceNameOf(request.kind);
  return request.namespace === undefined ? name : `${name}/${request.namespace}`;
}
