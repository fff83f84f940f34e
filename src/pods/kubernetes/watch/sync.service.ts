import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../../common/clock.js';
import { KUBERNETES_CONFIG, type KubernetesConfig } from '../../../config/kubernetes.config.js';
import { KubernetesSyncRepository } from '../writer/kubernetes-sync.repository.js';
import type { KubernetesSync, OwnerSync, ResourceSync } from '../writer/sync-state.js';
import { KubernetesWatch } from './kubernetes-watch.service.js';
import type { OwnerSyncDto, ResourceSyncDto, SyncDto } from './sync.dto.js';

/** Tells how the watch of the cluster fares. */
@Injectable()
export class SyncService {
  constructor(
    private readonly clock: Clock,
    private readonly repository: KubernetesSyncRepository,
    private readonly watch: KubernetesWatch,
    @Inject(KUBERNETES_CONFIG) private readonly config: Pick<KubernetesConfig, 'mode'>,
  ) {}

  async show(): Promise<SyncDto> {
    const sync = await this.repository.read();
    const now = this.clock.now();
    const isLed = isAlive(sync, now);
    return {
      mode: this.config.mode,
      enabled: this.watch.server !== null,
      server: this.watch.server,
      leader: isLed ? sync.leader : null,
      leader_since: isLed ? iso(sync.leaderSince) : null,
      is_leader: this.watch.isLeader(sync.term),
      term: sync.term,
      synced: isLed && isSynced(sync),
      first_synced_at: iso(sync.firstSyncedAt),
      updated_at: iso(sync.updatedAt),
      lag_seconds: Math.max(0, ...sync.resources.map((resource) => lagOf(resource, now))) / 1_000,
      resources: sync.resources.map(toResource),
      owners: sync.owners.map(toOwner),
    };
  }
}

/** Longer without a sign of life (ms), and nobody watches: a leader gives one every 5 s, and another takes over within 15 s. */
const SILENCE = 20_000;

/** Whether a replica watches the cluster. */
export function isAlive({ leader, updatedAt }: KubernetesSync, now: number): boolean {
  return leader !== null && now - (updatedAt ?? 0) <= SILENCE;
}

/** Whether everything that is watched was listed and is being followed. */
function isSynced({ resources }: KubernetesSync): boolean {
  return resources.length > 0 && resources.every(({ state, listedAt }) => state === 'watching' && listedAt !== null);
}

/** How long (ms) the newest event of a resource has waited to be written. */
function lagOf({ lastEventAt, lastWrittenAt }: ResourceSync, now: number): number {
  return lastEventAt === null || lastEventAt <= (lastWrittenAt ?? 0) ? 0 : now - lastEventAt;
}

function toResource(resource: ResourceSync): ResourceSyncDto {
  return {
    resource: resource.resource,
    state: resource.state,
    objects: resource.objects,
    resource_version: resource.resourceVersion,
    last_listed_at: iso(resource.listedAt),
    last_event_at: iso(resource.lastEventAt),
    last_written_at: iso(resource.lastWrittenAt),
    restarts: resource.restarts,
    errors: resource.errors,
    last_error: resource.lastError,
    last_error_at: iso(resource.lastErrorAt),
  };
}

function toOwner({ kind, state, since, lastError, objects }: OwnerSync): OwnerSyncDto {
  return { kind, state, since: iso(since), last_error: lastError, objects };
}

function iso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
