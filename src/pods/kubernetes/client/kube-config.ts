import { existsSync, readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import type { KubernetesConfig } from '../../../config/kubernetes.config.js';
import { addMissing, parseKubeconfig } from './kubeconfig-file.js';

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const TOKEN_FILE = `${SERVICE_ACCOUNT}/token`;
const CA_FILE = `${SERVICE_ACCOUNT}/ca.crt`;
const DEFAULT_PORT = 443;

/** The files that tell of a cluster. */
export interface ClusterFiles {
  readonly home: string;
  exists(path: string): boolean;
  /** Throws as node:fs does. */
  read(path: string): string;
}

/** The files of this machine. */
export const MACHINE_FILES: ClusterFiles = {
  home: homedir(),
  exists: existsSync,
  read: (path) => readFileSync(path, 'utf8'),
};

/** What of the settings says where the cluster is. */
export type ClusterSettings = Pick<KubernetesConfig, 'mode' | 'kubeconfig' | 'context' | 'serviceHost' | 'servicePort'>;

/** The cluster that the settings ask for was not found; the message is one line for the operator. */
export class ClusterNotFound extends Error {
  override readonly name = 'ClusterNotFound';
}

/**
 * The cluster to watch, with the credentials for it; undefined when none is to be watched (`off`, or `auto` and none
 * found).
 * @throws ClusterNotFound when the cluster asked for is not there or its configuration cannot be used
 */
export async function findCluster(
  settings: ClusterSettings,
  files: ClusterFiles = MACHINE_FILES,
): Promise<KubeConfig | undefined> {
  switch (settings.mode) {
    case 'off':
      return undefined;
    case 'in-cluster':
      return inCluster(settings, files);
    case 'kubeconfig':
      return fromKubeconfig(settings, files);
    case 'auto':
      if (settings.serviceHost !== undefined && files.exists(TOKEN_FILE)) return inCluster(settings, files);
      return fromKubeconfigIfAny(settings, files);
  }
}

/** As the library's loadFromCluster, which reads the environment itself. */
async function inCluster({ serviceHost, servicePort }: ClusterSettings, files: ClusterFiles): Promise<KubeConfig> {
  if (serviceHost === undefined) throw new ClusterNotFound('KUBERNETES_SERVICE_HOST is not set: this is no pod');
  if (!files.exists(TOKEN_FILE)) throw new ClusterNotFound(`${TOKEN_FILE} does not exist: no service account`);
  const host = isIPv6(serviceHost) ? `[${serviceHost}]` : serviceHost;
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    {
      name: 'in-cluster',
      server: `https://${host}:${servicePort ?? DEFAULT_PORT}`,
      caFile: CA_FILE,
      skipTLSVerify: false,
    },
    { name: 'service-account', authProvider: { name: 'tokenFile', config: { tokenFile: TOKEN_FILE } } },
  );
  return config;
}

async function fromKubeconfig(settings: ClusterSettings, files: ClusterFiles): Promise<KubeConfig> {
  const merged = await readKubeconfigs(settings, files);
  const where = candidates(settings, files).join(', ');
  if (merged === undefined) throw new ClusterNotFound(`${where} does not exist (KUBECONFIG)`);
  return choose(merged, settings.context, where);
}

/** A file without a current context, as kubectl leaves it when all were deleted, is as good as none. */
async function fromKubeconfigIfAny(settings: ClusterSettings, files: ClusterFiles): Promise<KubeConfig | undefined> {
  const merged = await readKubeconfigs(settings, files);
  if (merged === undefined || !(settings.context ?? merged.currentContext)) return undefined;
  return choose(merged, settings.context, candidates(settings, files).join(', '));
}

/** The kubeconfig files that exist, merged as kubectl merges them. */
async function readKubeconfigs(settings: ClusterSettings, files: ClusterFiles): Promise<KubeConfig | undefined> {
  const paths = candidates(settings, files).filter((path) => files.exists(path));
  const [first, ...more] = await Promise.all(paths.map(async (path) => readKubeconfig(path, files)));
  if (first !== undefined) for (const config of more) addMissing(first, config);
  return first;
}

async function readKubeconfig(path: string, files: ClusterFiles): Promise<KubeConfig> {
  try {
    return await parseKubeconfig(files.read(path), path);
  } catch (cause) {
    const [detail] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
    throw new ClusterNotFound(`${path} cannot be used as a kubeconfig (KUBECONFIG): ${detail ?? ''}`, { cause });
  }
}

async function choose(merged: KubeConfig, wanted: string | undefined, where: string): Promise<KubeConfig> {
  const name = wanted ?? merged.currentContext;
  if (!name) throw new ClusterNotFound(`${where} has no current context, and KUBERNETES_CONTEXT is not set`);
  const context = merged.getContextObject(name);
  if (context === null) {
    const known = merged.contexts.map((each) => each.name).join(', ') || 'none';
    throw new ClusterNotFound(`${where} has no context "${name}" (KUBERNETES_CONTEXT); it has: ${known}`);
  }
  const cluster = merged.getCluster(context.cluster);
  if (cluster === null) {
    throw new ClusterNotFound(`${where}: context "${name}" names the cluster "${context.cluster}", which is not there`);
  }
  if (!URL.canParse(cluster.server)) {
    throw new ClusterNotFound(`${where}: the server "${cluster.server}" of cluster "${cluster.name}" is no URL`);
  }
  const user = context.user ? merged.getUser(context.user) : { name: '' };
  if (user === null) {
    throw new ClusterNotFound(`${where}: context "${name}" names the user "${context.user}", who is not there`);
  }
  // As kubectl, e.g. for its proxy: plain HTTP needs no word on TLS, and credentials are not sent over it.
  const isPlain = cluster.server.startsWith('http:') && !cluster.skipTLSVerify;
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  if (isPlain) config.loadFromClusterAndUser({ ...cluster, skipTLSVerify: true }, { name: '' });
  else config.loadFromClusterAndUser(cluster, user);
  return config;
}

function candidates({ kubeconfig }: ClusterSettings, { home }: ClusterFiles): string[] {
  const given = (kubeconfig ?? '').split(delimiter).filter((path) => path !== '');
  return given.length > 0 ? given : [join(home, '.kube', 'config')];
}
