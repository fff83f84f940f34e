import type { Manifest } from './helm.js';

/** The container of the rendered Deployment, as far as the tests look at it. */
export interface Container {
  readonly env: readonly EnvVar[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly [field: string]: unknown;
}

interface EnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
}

interface Volume {
  readonly name: string;
  readonly configMap?: { readonly name: string };
  readonly secret?: { readonly secretName: string; readonly items: readonly { key: string; path: string }[] };
}

/** The pod template's spec, as far as the tests look at it. */
export interface PodSpec {
  readonly containers: readonly Container[];
  readonly volumes: readonly Volume[];
  readonly [field: string]: unknown;
}

/** The only object of its kind; throws when there is none or another one. */
export function only(manifests: readonly Manifest[], kind: string): Manifest {
  const [found, ...others] = manifests.filter((manifest) => manifest.kind === kind);
  if (found === undefined || others.length > 0) throw new Error(`not exactly one ${kind}`);
  return found;
}

export function podTemplateOf(manifests: readonly Manifest[]) {
  const { template } = only(manifests, 'Deployment')['spec'] as {
    template: { metadata: { labels: Record<string, string>; annotations: Record<string, string> }; spec: PodSpec };
  };
  return template;
}

export function containerOf(manifests: readonly Manifest[]): Container {
  const [container] = podTemplateOf(manifests).spec.containers;
  if (container === undefined) throw new Error('no container');
  return container;
}

/** What the process sees: its environment, and the files that ConfigMaps and Secrets are mounted as. */
export class PodView {
  constructor(
    private readonly manifests: readonly Manifest[],
    /** Secrets that the chart does not make, by name. */
    private readonly foreign: Readonly<Record<string, Readonly<Record<string, string>>>> = {},
  ) {}

  get environment(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      containerOf(this.manifests).env.map((variable) => [variable.name, this.valueOf(variable)]),
    );
  }

  readonly readFile = (path: string): string => {
    const spec = podTemplateOf(this.manifests).spec;
    for (const { name, mountPath } of containerOf(this.manifests).volumeMounts) {
      const volume = spec.volumes.find((candidate) => candidate.name === name);
      const text = path.startsWith(`${mountPath}/`) ? this.fileIn(volume, path.slice(mountPath.length + 1)) : undefined;
      if (text !== undefined) return text;
    }
    throw new Error(`ENOENT: ${path} is not mounted`);
  };

  private fileIn(volume: Volume | undefined, file: string): string | undefined {
    if (volume?.configMap !== undefined) return this.data('ConfigMap', volume.configMap.name)[file];
    const key = volume?.secret?.items.find((item) => item.path === file)?.key;
    return key === undefined ? undefined : this.data('Secret', volume?.secret?.secretName ?? '')[key];
  }

  private valueOf({ value, valueFrom }: EnvVar): string {
    if (valueFrom === undefined) return value ?? '';
    const { name, key } = valueFrom.secretKeyRef;
    const found = this.data('Secret', name)[key];
    if (found === undefined) throw new Error(`the secret ${name} has no key ${key}`);
    return found;
  }

  private data(kind: 'ConfigMap' | 'Secret', name: string): Readonly<Record<string, string>> {
    if (kind === 'Secret' && this.foreign[name] !== undefined) return this.foreign[name];
    const found = this.manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);
    if (found === undefined) throw new Error(`no ${kind} ${name}`);
    return found[kind === 'Secret' ? 'stringData' : 'data'] as Record<string, string>;
  }
}
