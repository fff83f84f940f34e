import type pg from 'pg';
import { EmbeddedServerError } from './embedded-server-error.js';

/** A killed owner's session may outlive it for a moment, so the lock is asked for this often before it counts as held by another. */
const ATTEMPTS = 20;
const PAUSE_SECONDS = 0.1;

/** Who owns a data directory: a session lock in the maintenance database of its server. */
export class OwnerLock {
  private isHeld = false;
  private everHeld = false;

  constructor(private readonly dataDir: string) {}

  /** Whether the server may be stopped by us: no other process has been seen with the lock since we had it last. */
  get held(): boolean {
    return this.isHeld;
  }

  /** Whether this process has owned the directory before. */
  get wasHeld(): boolean {
    return this.everHeld;
  }

  /** Throws {@link EmbeddedServerError} when another process has it. */
  async take(client: pg.Client): Promise<void> {
    this.isHeld = false;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      if (await tryLock(client)) {
        this.isHeld = true;
        this.everHeld = true;
        return;
      }
      await client.query('SELECT pg_sleep($1)', [PAUSE_SECONDS]);
    }
    throw new EmbeddedServerError(
      `Another telemetry-processor uses DATA_DIR ${this.dataDir}: stop it, set another DATA_DIR, or share one PostgreSQL through DATABASE_URL`,
    );
  }
}

async function tryLock(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>(
    `SELECT pg_try_advisory_lock(hashtextextended('telemetry-processor:owner', 0)) AS locked`,
  );
  return rows[0]?.locked === true;
}
