import { dirname, isAbsolute, join } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import { parse } from 'yaml';

type Fields = Record<string, unknown>;

/**
 * One kubeconfig file as the library holds it, with paths made absolute from the file's folder. What the library does
 * not do is done to the file's content before: token files of users are read again when they change, and plugins'
 * relative paths start at the folder.
 * @throws when the content is no kubeconfig
 */
export async function parseKubeconfig(content: string, path: string): Promise<KubeConfig> {
  const file = fieldsOf(parse(content));
  const folder = dirname(path);
  const users = Array.isArray(file['users']) ? file['users'].map((user) => followFiles(fieldsOf(user), folder)) : [];
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  config.loadFromString(JSON.stringify({ ...file, users }), { onInvalidEntry: 'filter' });
  config.makePathsAbsolute(folder);
  return config;
}

/** Adds what `more` has and `config` does not, as kubectl does for the later ones of several files. */
export function addMissing(config: KubeConfig, more: KubeConfig): void {
  config.clusters.push(...missing(config.clusters, more.clusters));
  config.users.push(...missing(config.users, more.users));
  config.contexts.push(...missing(config.contexts, more.contexts));
  config.currentContext ||= more.currentContext;
}

function missing<T extends { readonly name: string }>(known: readonly T[], more: readonly T[]): T[] {
  const names = new Set(known.map(({ name }) => name));
  return more.filter(({ name }) => !names.has(name));
}

function followFiles(entry: Fields, folder: string): Fields {
  const { 'token-file': given, tokenFile = given, token, exec, ...rest } = fieldsOf(entry['user']);
  const user: Fields = { ...rest, ...(exec === undefined ? {} : { exec: fromFolder(fieldsOf(exec), folder) }) };
  if (typeof tokenFile !== 'string') return { ...entry, user: token === undefined ? user : { ...user, token } };
  const config = { tokenFile: absolute(tokenFile, folder) };
  return { ...entry, user: { ...user, 'auth-provider': { name: 'tokenFile', config } } };
}

/** A command without a slash is looked up in PATH instead. */
function fromFolder(exec: Fields, folder: string): Fields {
  const { command } = exec;
  return typeof command === 'string' && command.includes('/') ? { ...exec, command: absolute(command, folder) } : exec;
}

function absolute(path: string, folder: string): string {
  return isAbsolute(path) ? path : join(folder, path);
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}
