import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../../../common/clock.js';
import { KUBERNETES_CONFIG, type KubernetesConfig } from '../../../config/kubernetes.config.js';
import { HealthRegistry, type HealthReport } from '../../../health/health-registry.js';
import { KubernetesSyncRepository } from '../writer/kubernetes-sync.repository.js';
import type { KubernetesSync } from '../writer/sync-state.js';
import { KubernetesWatch } from './kubernetes-watch.service.js';
import { isAlive } from './sync.service.js';

/**
 * Reports the watch of the cluster. A pod of the cluster that has never seen it whole takes no traffic: it would take
 * samples for those of pods that nobody knows.
 */
@Injectable()
export class KubernetesWatchHealth implements OnModuleInit {
  constructor(
    private readonly registry: HealthRegistry,
    private readonly clock: Clock,
    private readonly repository: KubernetesSyncRepository,
    private readonly watch: KubernetesWatch,
    @Inject(KUBERNETES_CONFIG) private readonly config: Pick<KubernetesConfig, 'serviceHost'>,
  ) {}

  onModuleInit(): void {
    if (this.watch.server === null) return;
    this.registry.register('kubernetes', () => this.report(), { affectsReadiness: true });
  }

  private async report(): Promise<HealthReport> {
    let sync: KubernetesSync;
    try {
      sync = await this.repository.read();
    } catch {
      return { status: 'degraded', reason: 'the database cannot be asked how the watch fares' };
    }
    const details = {
      leader: sync.leader,
      resources: Object.fromEntries(sync.resources.map(({ resource, state }) => [resource, state])),
      unreadable_owner_kinds: sync.owners.filter(({ state }) => state !== 'readable').map(({ kind }) => kind),
    };
    if (sync.firstSyncedAt === null && this.config.serviceHost !== undefined) {
      return { status: 'down', reason: 'the cluster has not been read yet', ...details };
    }
    const reason = this.problemOf(sync);
    return reason === undefined ? { status: 'up', ...details } : { status: 'degraded', reason, ...details };
  }

  private problemOf(sync: KubernetesSync): string | undefined {
    if (!isAlive(sync, this.clock.now())) return 'no replica watches the cluster';
    const behind = sync.resources.filter(({ state }) => state !== 'watching' && state !== 'listing');
    if (behind.length > 0) {
      return `not watched: ${behind.map(({ resource, state }) => `${resource} (${state})`).join(', ')}`;
    }
    const unreadable = sync.owners.filter(({ state }) => state !== 'readable');
    if (unreadable.length === 0) return undefined;
    return `owners that cannot be read: ${unreadable.map(({ kind, state }) => `${kind} (${state})`).join(', ')}`;
  }
}
