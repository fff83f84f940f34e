import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What the watch of a Kubernetes cluster adds to the inventory: the places of workloads in the chains of owners, devices
 * learned from exporters' labels, and how far the watch has got. The singleton row of `kubernetes_sync` is also the fence:
 * whoever leads holds it while writing, and a new term waits for that.
 */
const UP = `
ALTER TABLE workloads ADD COLUMN owner_uid text, ADD COLUMN created_at timestamptz;
COMMENT ON COLUMN workloads.owner_uid IS 'the workload it belongs to itself; null for a root and when unknown';
COMMENT ON COLUMN workloads.created_at IS 'null when unknown';
COMMENT ON COLUMN workloads.api_group IS 'empty for the core group, null when unknown';

ALTER TABLE pod_workloads
  ADD COLUMN depth smallint,
  ADD COLUMN is_root boolean,
  ADD COLUMN pod_ended boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN pod_workloads.depth IS '1 for the nearest workload, counting towards the root; null when unknown';
COMMENT ON COLUMN pod_workloads.is_root IS 'null when unknown';
COMMENT ON COLUMN pod_workloads.pod_ended IS 'true only if the pod has ended; keeps ended pods out of the way of the question whether a live one is left';
CREATE INDEX pod_workloads_live ON pod_workloads (workload_uid) WHERE removed_at IS NULL AND NOT pod_ended;

COMMENT ON COLUMN pods.started_at IS 'when the kubelet took it up, before that when it was created; null when unknown, which counts as always';
COMMENT ON COLUMN pods.sources IS 'who vouches for what is said; kubernetes stays when it ended the pod, so that no other source revives it';

ALTER TABLE device_bindings
  ADD COLUMN seen_at timestamptz,
  DROP CONSTRAINT device_bindings_source_check,
  ADD CONSTRAINT device_bindings_source_check
    CHECK (source IN ('inventory', 'container_event', 'kubernetes', 'exporter'));
COMMENT ON COLUMN device_bindings.source IS 'exporter means learned from the labels of an exporter''s series';
COMMENT ON COLUMN device_bindings.seen_at IS 'when an exporter last said so; null for other sources';

CREATE TABLE kubernetes_sync (
  id smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
  term bigint NOT NULL DEFAULT 0,
  leader text,
  leader_since timestamptz,
  first_synced_at timestamptz,
  updated_at timestamptz
);
INSERT INTO kubernetes_sync DEFAULT VALUES;
COMMENT ON TABLE kubernetes_sync IS 'who watches the Kubernetes cluster; one row';
COMMENT ON COLUMN kubernetes_sync.term IS 'counts the replicas that have led; a write of an older term is refused';
COMMENT ON COLUMN kubernetes_sync.updated_at IS 'when the leader last gave a sign of life';
COMMENT ON COLUMN kubernetes_sync.first_synced_at IS 'when everything there is was in the inventory for the first time';

CREATE TABLE kubernetes_sync_resources (
  resource text PRIMARY KEY,
  state text NOT NULL CHECK (state IN ('listing', 'watching', 'waiting', 'forbidden', 'stopped')),
  objects integer NOT NULL DEFAULT 0,
  resource_version text,
  listed_at timestamptz,
  last_event_at timestamptz,
  last_written_at timestamptz,
  restarts integer NOT NULL DEFAULT 0,
  errors integer NOT NULL DEFAULT 0,
  last_error text,
  last_error_at timestamptz
);
COMMENT ON TABLE kubernetes_sync_resources IS 'how the watch of each resource fares in the current term';
COMMENT ON COLUMN kubernetes_sync_resources.resource IS 'nodes, pods, or pods/<namespace>';
COMMENT ON COLUMN kubernetes_sync_resources.state IS 'waiting: after an error, for the next try';

CREATE TABLE kubernetes_sync_owners (
  kind text PRIMARY KEY,
  state text NOT NULL CHECK (state IN ('readable', 'forbidden', 'unknown_kind', 'failing')),
  since timestamptz,
  last_error text,
  objects integer NOT NULL DEFAULT 0
);
COMMENT ON TABLE kubernetes_sync_owners IS 'which kinds of owners can be read in the current term';
COMMENT ON COLUMN kubernetes_sync_owners.kind IS 'with its group, e.g. PyTorchJob.kubeflow.org';
`;

const DOWN = `
DROP TABLE kubernetes_sync_owners, kubernetes_sync_resources, kubernetes_sync;
DELETE FROM device_bindings WHERE source = 'exporter';
ALTER TABLE device_bindings
  DROP COLUMN seen_at,
  DROP CONSTRAINT device_bindings_source_check,
  ADD CONSTRAINT device_bindings_source_check CHECK (source IN ('inventory', 'container_event', 'kubernetes'));
COMMENT ON COLUMN device_bindings.source IS NULL;
COMMENT ON COLUMN pods.sources IS NULL;
COMMENT ON COLUMN pods.started_at IS 'null when unknown, which counts as always';
DROP INDEX pod_workloads_live;
ALTER TABLE pod_workloads DROP COLUMN depth, DROP COLUMN is_root, DROP COLUMN pod_ended;
COMMENT ON COLUMN workloads.api_group IS NULL;
ALTER TABLE workloads DROP COLUMN owner_uid, DROP COLUMN created_at;
`;

/** Makes room for what a Kubernetes cluster tells. */
export class Kubernetes1795500000000 implements MigrationInterface {
  readonly name = 'Kubernetes1795500000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(UP);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(DOWN);
  }
}
