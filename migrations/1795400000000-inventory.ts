import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The inventory: who runs where. Rows carry the sources that vouch for them (`inventory`, `container_event`, `kubernetes`);
 * a row that nobody vouches for any more stays as a tombstone until the retention job deletes it. `changed_xid` is the
 * transaction that last changed a row: the caches read what changed since the snapshot they saw last. There are no foreign
 * keys, because the sources bring related rows in any order.
 */
const UP = `
CREATE TABLE nodes (
  name text PRIMARY KEY,
  addresses text[] NOT NULL DEFAULT '{}',
  status text,
  sources text[] NOT NULL,
  removed_at timestamptz,
  changed_xid xid8 NOT NULL DEFAULT pg_current_xact_id()
);
COMMENT ON COLUMN nodes.addresses IS 'IP addresses and host names by which exporters may name the node';
COMMENT ON COLUMN nodes.removed_at IS 'when the last source withdrew it; null while it is there';
CREATE INDEX nodes_changed_xid ON nodes (changed_xid);
CREATE INDEX nodes_removed_at ON nodes (removed_at) WHERE removed_at IS NOT NULL;

CREATE TABLE workloads (
  uid text PRIMARY KEY,
  name text NOT NULL,
  namespace text NOT NULL,
  kind text NOT NULL,
  api_group text,
  status text,
  sources text[] NOT NULL,
  removed_at timestamptz,
  changed_xid xid8 NOT NULL DEFAULT pg_current_xact_id()
);
COMMENT ON COLUMN workloads.removed_at IS 'when the last source withdrew it; null while it is there';
CREATE INDEX workloads_changed_xid ON workloads (changed_xid);
CREATE INDEX workloads_removed_at ON workloads (removed_at) WHERE removed_at IS NOT NULL;

CREATE TABLE pods (
  uid text PRIMARY KEY,
  name text NOT NULL,
  namespace text NOT NULL,
  node_name text,
  phase text,
  pod_ip text,
  host_network boolean,
  owners_known boolean NOT NULL DEFAULT false,
  started_at timestamptz,
  ended_at timestamptz,
  sources text[] NOT NULL,
  changed_xid xid8 NOT NULL DEFAULT pg_current_xact_id()
);
COMMENT ON COLUMN pods.owners_known IS 'whether the owners were looked up: such a pod without workloads is its own workload';
COMMENT ON COLUMN pods.started_at IS 'null when unknown, which counts as always';
COMMENT ON COLUMN pods.ended_at IS 'when it completed or the last source withdrew it; null while it lives';
CREATE INDEX pods_changed_xid ON pods (changed_xid);
CREATE INDEX pods_ended_at ON pods (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE pod_workloads (
  pod_uid text NOT NULL,
  workload_uid text NOT NULL,
  sources text[] NOT NULL,
  removed_at timestamptz,
  changed_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (pod_uid, workload_uid)
);
CREATE INDEX pod_workloads_changed_xid ON pod_workloads (changed_xid);
CREATE INDEX pod_workloads_workload ON pod_workloads (workload_uid);
CREATE INDEX pod_workloads_removed_at ON pod_workloads (removed_at) WHERE removed_at IS NOT NULL;

CREATE TABLE containers (
  id text PRIMARY KEY,
  runtime text,
  node_name text,
  pod_uid text,
  pod_name text,
  pod_namespace text,
  name text,
  status text,
  phase text CHECK (phase IN ('created', 'running', 'exited', 'deleted')),
  created_at timestamptz,
  started_at timestamptz,
  exit_code integer,
  exited_at timestamptz,
  oom_killed boolean NOT NULL DEFAULT false,
  last_event_at timestamptz
);
COMMENT ON COLUMN containers.id IS 'without the runtime prefix (containerd://)';
COMMENT ON COLUMN containers.runtime IS 'source of its events: k8s or docker';
COMMENT ON COLUMN containers.status IS 'as the runtime says it; phase is our reading of it';
COMMENT ON COLUMN containers.last_event_at IS 'newest time that an event stated; null when none stated any';
CREATE INDEX containers_pod ON containers (pod_uid) WHERE pod_uid IS NOT NULL;
CREATE INDEX containers_node ON containers (node_name);
CREATE INDEX containers_exited_at ON containers (exited_at) WHERE phase IN ('exited', 'deleted');

CREATE TABLE device_bindings (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  node_name text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('gpu', 'infiniband', 'rdma', 'asic')),
  device_class text NOT NULL GENERATED ALWAYS AS (CASE kind WHEN 'infiniband' THEN 'rdma' ELSE kind END) STORED,
  key text NOT NULL,
  name text,
  uuid text,
  serial text,
  path text,
  slot text,
  pod_uid text,
  container_id text,
  source text NOT NULL CHECK (source IN ('inventory', 'container_event', 'kubernetes')),
  bound_at timestamptz,
  released_at timestamptz,
  withdrawn boolean NOT NULL DEFAULT false,
  changed_xid xid8 NOT NULL DEFAULT pg_current_xact_id()
);
COMMENT ON TABLE device_bindings IS 'one row for each span of time over which a pod or container held a device';
COMMENT ON COLUMN device_bindings.device_class IS 'name space of the key: InfiniBand and RDMA devices share one';
COMMENT ON COLUMN device_bindings.key IS 'device number of a GPU, device name of the others';
COMMENT ON COLUMN device_bindings.bound_at IS 'null when unknown, which counts as always';
COMMENT ON COLUMN device_bindings.released_at IS 'null while held';
COMMENT ON COLUMN device_bindings.withdrawn IS 'taken back by its writer: it never counted';
CREATE UNIQUE INDEX device_bindings_open
  ON device_bindings (node_name, device_class, key, pod_uid, container_id, source) NULLS NOT DISTINCT
  WHERE released_at IS NULL AND NOT withdrawn;
CREATE INDEX device_bindings_device ON device_bindings (node_name, device_class, key);
CREATE INDEX device_bindings_pod ON device_bindings (pod_uid) WHERE pod_uid IS NOT NULL;
CREATE INDEX device_bindings_container ON device_bindings (container_id) WHERE container_id IS NOT NULL;
CREATE INDEX device_bindings_released_at ON device_bindings (released_at) WHERE released_at IS NOT NULL;
CREATE INDEX device_bindings_changed_xid ON device_bindings (changed_xid);
`;

const DOWN = `DROP TABLE device_bindings, containers, pod_workloads, pods, workloads, nodes`;

/** Creates the inventory tables. */
export class Inventory1795400000000 implements MigrationInterface {
  readonly name = 'Inventory1795400000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(UP);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(DOWN);
  }
}
