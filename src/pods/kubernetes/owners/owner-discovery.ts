import type { OwnerReference } from '../../core/kubernetes/objects.js';
import { apiGroupOf } from '../../core/kubernetes/owner-chain.js';
import { isNotFound } from '../client/kubernetes-error.js';
import type { DiscoveredResource } from '../client/kubernetes-api.js';
import type { ResourcePath } from '../client/resource-path.js';
import type { OwnerSource } from './owner-source.js';

/** Where the objects of a kind are read. */
export interface OwnerResource extends ResourcePath {
  readonly namespaced: boolean;
}

interface Question {
  readonly signal: AbortSignal;
  readonly answer: Promise<readonly DiscoveredResource[]>;
}

/** Finds the paths of kinds. What a version of a group serves is asked once; again when a kind is not among it. */
export class OwnerDiscovery {
  private readonly served = new Map<string, readonly DiscoveredResource[]>();
  private readonly asking = new Map<string, Question>();

  constructor(private readonly source: Pick<OwnerSource, 'discover'>) {}

  /** Undefined when the API server does not serve the kind. Throws KubernetesError. */
  async resourceOf(
    ref: Pick<OwnerReference, 'apiVersion' | 'kind'>,
    signal: AbortSignal,
  ): Promise<OwnerResource | undefined> {
    const known = this.known(ref);
    if (known !== undefined) return known;
    await this.ask(ref.apiVersion, signal);
    return this.known(ref);
  }

  /** What was learned of a kind so far. */
  known({ apiVersion, kind }: Pick<OwnerReference, 'apiVersion' | 'kind'>): OwnerResource | undefined {
    const found = this.served.get(apiVersion)?.find((served) => served.kind === kind);
    if (found === undefined) return undefined;
    const { plural, namespaced } = found;
    return { group: apiGroupOf(apiVersion), version: versionOf(apiVersion), plural, namespaced };
  }

  /** The API server does not serve what it did. */
  forget({ apiVersion }: Pick<OwnerReference, 'apiVersion'>): void {
    this.served.delete(apiVersion);
  }

  private async ask(apiVersion: string, signal: AbortSignal): Promise<void> {
    try {
      this.served.set(apiVersion, await this.question(apiVersion, signal));
    } catch (error) {
      if (!isNotFound(error)) throw error;
      this.served.delete(apiVersion);
    }
  }

  /** Kinds of one group that come together share the question, unless another's signal could break it off. */
  private question(apiVersion: string, signal: AbortSignal): Question['answer'] {
    const running = this.asking.get(apiVersion);
    if (running?.signal === signal) return running.answer;
    const answer = this.source.discover(apiGroupOf(apiVersion), versionOf(apiVersion), signal).finally(() => {
      if (this.asking.get(apiVersion)?.answer === answer) this.asking.delete(apiVersion);
    });
    this.asking.set(apiVersion, { signal, answer });
    return answer;
  }
}

function versionOf(apiVersion: string): string {
  return apiVersion.slice(apiVersion.indexOf('/') + 1);
}
