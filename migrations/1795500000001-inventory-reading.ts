import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The orders in which the inventory is listed. What is there and what has ended are listed from indexes of their own, because
 * tombstones outnumber the living; a list of both merges the two. The last columns of the workload indexes are never an order:
 * they let a filter be checked without visiting the rows.
 */
const UP = `
CREATE INDEX pods_running_listed ON pods (namespace, name, uid) WHERE ended_at IS NULL;
CREATE INDEX pods_ended_listed ON pods (namespace, name, uid) WHERE ended_at IS NOT NULL;
CREATE INDEX pods_running_on_node ON pods (node_name, namespace, name, uid) WHERE ended_at IS NULL;
CREATE INDEX pods_ended_on_node ON pods (node_name, namespace, name, uid) WHERE ended_at IS NOT NULL;
CREATE INDEX pods_running_in_phase ON pods (phase, namespace, name, uid) WHERE ended_at IS NULL;
CREATE INDEX pods_ended_in_phase ON pods (phase, namespace, name, uid) WHERE ended_at IS NOT NULL;
CREATE INDEX pods_named ON pods (name, namespace, uid);

CREATE INDEX workloads_running_listed ON workloads (namespace, name, uid, owner_uid, api_group) WHERE removed_at IS NULL;
CREATE INDEX workloads_ended_listed ON workloads (namespace, name, uid, owner_uid, api_group) WHERE removed_at IS NOT NULL;
CREATE INDEX workloads_running_of_kind ON workloads (kind, namespace, name, uid, owner_uid, api_group)
  WHERE removed_at IS NULL;
CREATE INDEX workloads_ended_of_kind ON workloads (kind, namespace, name, uid, owner_uid, api_group)
  WHERE removed_at IS NOT NULL;
CREATE INDEX workloads_named ON workloads (name, namespace, uid);
CREATE INDEX workloads_children ON workloads (owner_uid, namespace, name, uid) WHERE owner_uid IS NOT NULL;

CREATE INDEX device_bindings_held_kind ON device_bindings (kind, pod_uid) WHERE released_at IS NULL AND NOT withdrawn;
`;

const DOWN = `
DROP INDEX device_bindings_held_kind, workloads_children, workloads_named, workloads_ended_of_kind, workloads_running_of_kind,
  workloads_ended_listed, workloads_running_listed, pods_named, pods_ended_in_phase, pods_running_in_phase,
  pods_ended_on_node, pods_running_on_node, pods_ended_listed, pods_running_listed;
`;

/** Creates the indexes behind the lists of pods and workloads. */
export class InventoryReading1795500000001 implements MigrationInterface {
  readonly name = 'InventoryReading1795500000001';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(UP);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(DOWN);
  }
}
