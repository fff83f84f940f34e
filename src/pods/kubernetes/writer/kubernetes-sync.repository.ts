import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { READ_SYNC } from './sync.statements.js';
import type { KubernetesSync } from './sync-state.js';

/** Reads how far the watch of the cluster has got, whichever replica leads it. */
@Injectable()
export class KubernetesSyncRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** All of it as of one moment. */
  async read(): Promise<KubernetesSync> {
    const [sync] = await this.dataSource.query<KubernetesSync[]>(READ_SYNC);
    if (sync === undefined) throw new Error('The row of kubernetes_sync is missing');
    return sync;
  }
}
