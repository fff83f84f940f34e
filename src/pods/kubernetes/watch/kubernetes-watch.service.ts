import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { KUBERNETES_CONFIG, type KubernetesConfig } from '../../../config/kubernetes.config.js';
import { DatabaseService } from '../../../database/database.service.js';
import { LeaderElection, type Candidacy } from '../../../database/leader.js';
import { KubernetesApi } from '../client/kubernetes-api.js';
import { CLUSTER, type Cluster } from './cluster.provider.js';
import { WatchTerms } from './watch-terms.js';

const LEAD = 'kubernetes';

/** Watches the Kubernetes cluster while this replica leads, and stands for the lead while it does not. */
@Injectable()
export class KubernetesWatch implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(KubernetesWatch.name);
  private readonly api: KubernetesApi | undefined;
  private candidacy: Candidacy | undefined;

  constructor(
    @Inject(CLUSTER) cluster: Cluster,
    @Inject(KUBERNETES_CONFIG) private readonly config: KubernetesConfig,
    private readonly database: DatabaseService,
    private readonly election: LeaderElection,
    private readonly terms: WatchTerms,
  ) {
    if (cluster.config !== undefined) this.api = new KubernetesApi(cluster.config, config);
  }

  /** URL of the API server; null when there is none to watch. */
  get server(): string | null {
    return this.api?.server ?? null;
  }

  /** Whether this replica leads in that term. */
  isLeader(term: number): boolean {
    return this.terms.isCurrent(term);
  }

  onApplicationBootstrap(): void {
    if (this.api === undefined) this.tellWhyNot();
    else void this.stand(this.api);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.candidacy?.stop();
    await this.api?.close();
  }

  private tellWhyNot(): void {
    const { mode, kubeconfig } = this.config;
    if (mode === 'auto' && kubeconfig !== undefined) {
      this.logger.warn({ kubeconfig }, 'KUBECONFIG names no file that is there: no Kubernetes cluster is watched');
    } else this.logger.log({ mode }, 'No Kubernetes cluster is watched');
  }

  private async stand(api: KubernetesApi): Promise<void> {
    try {
      await this.database.ready();
    } catch {
      return;
    }
    this.candidacy = this.election.lead(LEAD, { onElected: (signal) => this.terms.serve(api, signal) });
  }
}
