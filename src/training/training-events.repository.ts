import { Injectable } from '@nestjs/common';
import { Transactions } from '../database/transactions.js';
import type { StoredTrainingEvent, TrainingEventPage } from './training-event.js';

/** `$1` workload, `$2` its pods. Events from before a pod's owners were known are among the pod's. */
const OF_WORKLOAD = 'FROM training_events WHERE workload_uid = $1 OR (workload_uid IS NULL AND pod_uid = ANY($2))';

const PAGE = `
SELECT id, workload_uid AS "workloadUid", pod_uid AS "podUid", type,
  (extract(epoch FROM occurred_at) * 1000)::float8 AS "occurredAt", details
${OF_WORKLOAD} ORDER BY occurred_at DESC, id DESC LIMIT $3 OFFSET $4`;

/** Reads training events. */
@Injectable()
export class TrainingEventsRepository {
  constructor(private readonly transactions: Transactions) {}

  async findPage(
    workloadUid: string,
    podUids: readonly string[],
    { offset, limit }: { offset: number; limit: number },
  ): Promise<TrainingEventPage> {
    return this.transactions.run(
      async (manager) => {
        const which = [workloadUid, podUids];
        const counts = await manager.query<{ total: string }[]>(`SELECT count(*) AS total ${OF_WORKLOAD}`, which);
        const events = await manager.query<StoredTrainingEvent[]>(PAGE, [...which, limit, offset]);
        return { events, total: Number(counts[0]?.total) };
      },
      { isolation: 'REPEATABLE READ', readOnly: true },
    );
  }
}
