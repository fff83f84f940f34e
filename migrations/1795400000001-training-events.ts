import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = `
CREATE TABLE training_events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  workload_uid text,
  pod_uid text,
  type text NOT NULL,
  event_key text NOT NULL,
  occurred_at timestamptz NOT NULL,
  details jsonb NOT NULL DEFAULT '{}',
  recorded_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT training_events_once UNIQUE NULLS NOT DISTINCT (workload_uid, type, event_key)
);
COMMENT ON TABLE training_events IS 'what happened to training workloads: out-of-memory kills, starts, ends';
COMMENT ON COLUMN training_events.workload_uid IS 'null while the owners of the pod are unknown; such an event belongs to every workload of the pod';
COMMENT ON COLUMN training_events.event_key IS 'identity within workload and type: an event that is reported again counts once';
CREATE INDEX training_events_workload ON training_events (workload_uid, occurred_at DESC, id DESC);
CREATE INDEX training_events_orphans ON training_events (pod_uid) WHERE workload_uid IS NULL;
`;

/** Creates the table of training events. */
export class TrainingEvents1795400000001 implements MigrationInterface {
  readonly name = 'TrainingEvents1795400000001';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(UP);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE training_events');
  }
}
