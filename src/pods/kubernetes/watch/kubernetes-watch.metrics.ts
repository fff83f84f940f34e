import { Injectable } from '@nestjs/common';
import { counter, gauge, histogram } from '../../../observability/instruments.js';
import type { OwnerSync, ResourceSync } from '../writer/sync-state.js';

const PREFIX = 'primus_lens_telemetry_processor_kubernetes_';

/** What the watch of the cluster tells about itself on /metrics. */
@Injectable()
export class KubernetesWatchMetrics {
  private readonly leader = gauge({
    name: `${PREFIX}leader`,
    help: 'Whether this replica watches the cluster',
  });
  private readonly changes = counter({
    name: `${PREFIX}changes_total`,
    help: 'Changes of the cluster that were written',
    labelNames: ['kind'],
  });
  private readonly refused = counter({
    name: `${PREFIX}changes_refused_total`,
    help: 'Changes that the database does not take, left out',
    labelNames: ['kind'],
  });
  private readonly pending = gauge({
    name: `${PREFIX}pending_changes`,
    help: 'Changes that wait to be written',
  });
  private readonly openPods = gauge({
    name: `${PREFIX}pods_with_unknown_owners`,
    help: 'Pods whose owners could not be read, or not all of them',
  });
  private readonly duration = histogram({
    name: `${PREFIX}write_duration_seconds`,
    help: 'Time one batch of changes takes to be written',
    buckets: [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10],
  });
  private readonly states = gauge({
    name: `${PREFIX}resource_state`,
    help: '1 for the state that the watch of a resource is in',
    labelNames: ['resource', 'state'],
  });
  private readonly owners = gauge({
    name: `${PREFIX}owner_kind_state`,
    help: '1 for the state that reading a kind of owner is in',
    labelNames: ['kind', 'state'],
  });

  leads(isLeader: boolean): void {
    this.leader.set(isLeader ? 1 : 0);
    if (isLeader) return;
    for (const state of [this.pending, this.openPods, this.states, this.owners]) state.reset();
  }

  written(kinds: readonly string[]): void {
    for (const kind of kinds) this.changes.inc({ kind });
  }

  wroteBatch(milliseconds: number): void {
    this.duration.observe(milliseconds / 1_000);
  }

  refusedChange(kind: string): void {
    this.refused.inc({ kind });
  }

  waiting(pending: number, openPods: number): void {
    this.pending.set(pending);
    this.openPods.set(openPods);
  }

  fares(resources: readonly ResourceSync[], owners: readonly OwnerSync[]): void {
    this.states.reset();
    for (const { resource, state } of resources) this.states.set({ resource, state }, 1);
    this.owners.reset();
    for (const { kind, state } of owners) this.owners.set({ kind, state }, 1);
  }
}
