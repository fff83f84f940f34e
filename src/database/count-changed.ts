import type { EntityManager } from 'typeorm';

/**
 * Runs an INSERT, UPDATE or DELETE without a RETURNING clause and returns how many rows it changed: the driver's own answer
 * differs from one kind of statement to another.
 */
export async function countChanged(
  manager: EntityManager,
  statement: string,
  parameters: unknown[] = [],
): Promise<number> {
  const [row] = await manager.query<{ count: string }[]>(
    `WITH changed AS (${statement} RETURNING 1) SELECT count(*) FROM changed`,
    parameters,
  );
  return Number(row?.count);
}
