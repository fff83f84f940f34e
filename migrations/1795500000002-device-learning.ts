import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Finds the few bindings that were learned among all. `seen_at` is in no index, so that renewing it stays cheap. */
const UP = `
CREATE INDEX device_bindings_learned ON device_bindings (node_name, device_class, key)
  WHERE source = 'exporter' AND released_at IS NULL AND NOT withdrawn;
`;

const DOWN = `DROP INDEX device_bindings_learned`;

/** Creates the index behind learned device bindings. */
export class DeviceLearning1795500000002 implements MigrationInterface {
  readonly name = 'DeviceLearning1795500000002';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(UP);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(DOWN);
  }
}
