import { apiVersionOf, type Kind, type KindRegistry } from './kinds.js';

const VERBS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];

/** The discovery document at a path, undefined when the path is none. Always the legacy form, as older servers answer. */
export function discoveryDocument(path: string, kinds: KindRegistry): object | undefined {
  if (path === '/version') return { major: '1', minor: '34', gitVersion: 'v1.34.1', platform: 'linux/amd64' };
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
  if (path === '/apis') return groupList(kinds);
  const match = /^\/(?:api|apis\/([^/]+))\/([^/]+)$/.exec(path);
  if (match !== null) return resourceList(kinds.inVersion(match[1] ?? '', match[2]!));
  const group = /^\/apis\/([^/]+)$/.exec(path)?.[1];
  return group === undefined ? undefined : groups(kinds).find((entry) => entry.name === group);
}

function groupList(kinds: KindRegistry): object {
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups(kinds) };
}

function groups(kinds: KindRegistry) {
  const names = new Set(kinds.all().flatMap((kind) => (kind.group === '' ? [] : [kind.group])));
  return [...names].map((name) => {
    const versions = new Set(kinds.all().flatMap((kind) => (kind.group === name ? [kind.version] : [])));
    const entries = [...versions].map((version) => ({ groupVersion: `${name}/${version}`, version }));
    return { name, versions: entries, preferredVersion: entries[0] };
  });
}

function resourceList(kinds: readonly Kind[]): object | undefined {
  const [first] = kinds;
  if (first === undefined) return undefined;
  const resources = kinds.flatMap((kind) => {
    const { plural, namespaced } = kind;
    const entry = { name: plural, singularName: kind.kind.toLowerCase(), namespaced, kind: kind.kind, verbs: VERBS };
    const status = { ...entry, name: `${plural}/status`, singularName: '', verbs: ['get', 'patch', 'update'] };
    return [entry, status];
  });
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: apiVersionOf(first), resources };
}
