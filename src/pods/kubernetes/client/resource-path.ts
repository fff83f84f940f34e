/** A kind of objects as the API server's paths name it. */
export interface ResourcePath {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** E.g. `pods`. */
  readonly plural: string;
}

export const PODS: ResourcePath = { group: '', version: 'v1', plural: 'pods' };
export const NODES: ResourcePath = { group: '', version: 'v1', plural: 'nodes' };

/** Path of a group's version, e.g. `/api/v1` or `/apis/apps/v1`. */
export function groupPath(group: string, version: string): string {
  const segments = group === '' ? ['api', version] : ['apis', group, version];
  return segments.map((segment) => `/${encodeURIComponent(segment)}`).join('');
}

/** Path of all objects of a kind, of those of one namespace, or of one object. An empty namespace is as none. */
export function resourcePath({ group, version, plural }: ResourcePath, namespace?: string, name?: string): string {
  const within = namespace === undefined || namespace === '' ? [] : ['namespaces', namespace];
  const segments = [...within, plural, ...(name === undefined ? [] : [name])];
  return `${groupPath(group, version)}${segments.map((segment) => `/${encodeURIComponent(segment)}`).join('')}`;
}
