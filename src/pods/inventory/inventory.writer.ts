import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { countChanged } from '../../database/count-changed.js';
import { InvalidRequest } from '../../common/domain-error.js';
import { MAX_PROBLEMS } from '../core/body-check.js';
import type { InventoryBody } from '../core/inventory-body.js';
import type { ReplacedInventory } from '../core/inventory-counts.js';
import {
  BIND_DEVICES,
  fillStatement,
  PLAN_FOR_BULK,
  RELEASE_DEVICES,
  RELEASE_DEVICES_OF_ENDED_PODS,
  STAGING,
  stageStatement,
  UNKNOWN_WORKLOADS,
  UPDATE_DEVICES,
  UPSERT_NODES,
  UPSERT_PODS,
  UPSERT_REFERENCES,
  UPSERT_WORKLOADS,
  WITHDRAW_NODES,
  WITHDRAW_PODS,
  WITHDRAW_REFERENCES,
  WITHDRAW_WORKLOADS,
  type StagedName,
} from './inventory.statements.js';

/** Key of the advisory lock that puts bulk writes in a row; any constant of our own will do. */
const BULK_WRITE_LOCK = 7_305_101;

/** Rows turned into one parameter: large enough for the database, small enough not to hold up other requests. */
const STAGED_AT_A_TIME = 5_000;

/** Writes a bulk body over what earlier ones brought. */
@Injectable()
export class InventoryWriter {
  /**
   * Replaces what earlier bodies brought, and returns the counts with whether any row changed.
   * Throws {@link InvalidRequest} when a pod names a workload that nobody knows.
   */
  async replace(
    manager: EntityManager,
    body: InventoryBody,
    now: number,
  ): Promise<{ counts: ReplacedInventory; changed: boolean }> {
    await manager.query('SELECT pg_advisory_xact_lock($1)', [BULK_WRITE_LOCK]);
    for (const name of Object.keys(STAGING) as StagedName[]) await this.stage(manager, name, body[name]);
    await manager.query(PLAN_FOR_BULK);
    await this.checkReferences(manager);
    const at = [new Date(now)];
    const nodes = await countChanged(manager, WITHDRAW_NODES, at);
    const workloads = await countChanged(manager, WITHDRAW_WORKLOADS, at);
    const pods = await countChanged(manager, WITHDRAW_PODS, at);
    let changes = nodes + workloads + pods;
    changes += await countChanged(manager, UPSERT_NODES);
    changes += await countChanged(manager, UPSERT_WORKLOADS);
    changes += await countChanged(manager, UPSERT_PODS, at);
    changes += await countChanged(manager, WITHDRAW_REFERENCES, at);
    changes += await countChanged(manager, UPSERT_REFERENCES);
    const devices =
      (await countChanged(manager, RELEASE_DEVICES, at)) +
      (await countChanged(manager, RELEASE_DEVICES_OF_ENDED_PODS, at));
    changes += devices + (await countChanged(manager, UPDATE_DEVICES));
    changes += await countChanged(manager, BIND_DEVICES, at);
    return { counts: { ...countsOf(body), removed: { nodes, workloads, pods, devices } }, changed: changes > 0 };
  }

  private async stage(manager: EntityManager, name: StagedName, rows: readonly object[]): Promise<void> {
    await manager.query(stageStatement(name));
    for (let start = 0; start < rows.length; start += STAGED_AT_A_TIME) {
      const part = rows.slice(start, start + STAGED_AT_A_TIME);
      await manager.query(fillStatement(name), [JSON.stringify(part)]);
    }
    await manager.query(`ANALYZE staged_${name}`);
  }

  private async checkReferences(manager: EntityManager): Promise<void> {
    const unknown = await manager.query<{ path: string; workload_uid: string }[]>(UNKNOWN_WORKLOADS, [MAX_PROBLEMS]);
    if (unknown.length === 0) return;
    throw new InvalidRequest('Pods name workloads that nobody knows.', {
      errors: unknown.map(({ path, workload_uid }) => ({
        field: path,
        message: 'names a workload that is neither in the body nor known from elsewhere',
        value: workload_uid,
      })),
    });
  }
}

function countsOf({ nodes, workloads, pods, devices }: InventoryBody): Omit<ReplacedInventory, 'removed'> {
  return { nodes: nodes.length, workloads: workloads.length, pods: pods.length, devices: devices.length };
}
