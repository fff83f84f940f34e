import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { TrainingEvent } from './training-event.js';

const INSERT = `
INSERT INTO training_events (workload_uid, pod_uid, type, event_key, occurred_at, details)
SELECT workload_uid, pod_uid, type, event_key, to_timestamp(occurred_at / 1000), details
FROM json_to_recordset($1::json)
  AS rows (workload_uid text, pod_uid text, type text, event_key text, occurred_at float8, details jsonb)
ORDER BY workload_uid, type, event_key
ON CONFLICT ON CONSTRAINT training_events_once DO NOTHING`;

/** Stores training events. */
@Injectable()
export class TrainingEventsWriter {
  /** Events that are stored already change nothing. */
  async insert(manager: EntityManager, events: readonly TrainingEvent[]): Promise<void> {
    if (events.length === 0) return;
    const rows = events.map(({ workloadUid, podUid, type, key, occurredAt, details }) => ({
      workload_uid: workloadUid,
      pod_uid: podUid,
      type,
      event_key: key,
      occurred_at: occurredAt,
      details,
    }));
    await manager.query(INSERT, [JSON.stringify(rows)]);
  }
}
