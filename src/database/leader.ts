import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import type pg from 'pg';
import { DATABASE_CONFIG, type DatabaseConfig } from '../config/database.config.js';
import { pause } from './backoff.js';
import { DatabaseServer } from './database-server.js';
import { DedicatedConnection } from './dedicated-connection.js';

export interface LeaderOptions {
  /**
   * The work of the leader. The signal is aborted at once when leadership is lost or given up; the work must stop then, and no
   * other term begins in this process before the promise settles. Returning or throwing gives the lead back.
   */
  onElected: (signal: AbortSignal) => Promise<void>;
  /** Between two tries to become leader, ms; 5 s unless told. */
  retryInterval?: number;
}

/** A running candidacy. */
export interface Candidacy {
  /** Gives up the lead, or the wish for it, and waits for the work to stop. */
  stop(): Promise<void>;
}

const RETRY_INTERVAL = 5_000;

/**
 * Lets one replica at a time do a job. Leadership is a session-level advisory lock on a connection of its own: it ends with the
 * process or its connection, and another replica takes over within `retryInterval` (a crash) or about 11 s more (a host that
 * vanishes without closing its connections, a process that is stopped). A leader cut off from the database notices within 5 s, before that.
 */
@Injectable()
export class LeaderElection implements OnModuleDestroy {
  private readonly logger = new Logger(LeaderElection.name);
  private readonly candidacies = new Set<Candidacy>();

  constructor(
    private readonly server: DatabaseServer,
    @Inject(DATABASE_CONFIG) private readonly config: Pick<DatabaseConfig, 'connectTimeout'>,
  ) {}

  /** Stands for the lead of `name` from now on; every name holds one database connection. */
  lead(name: string, options: LeaderOptions): Candidacy {
    const connection = new DedicatedConnection({
      purpose: `leader ${name}`,
      url: () => this.server.url,
      connectTimeout: this.config.connectTimeout,
      onConnected: (client, ended) => this.campaign(name, options, client, ended),
    });
    connection.start();
    const candidacy: Candidacy = {
      stop: async () => {
        this.candidacies.delete(candidacy);
        await connection.stop();
      },
    };
    this.candidacies.add(candidacy);
    return candidacy;
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all([...this.candidacies].map((candidacy) => candidacy.stop()));
  }

  private async campaign(name: string, options: LeaderOptions, client: pg.Client, ended: AbortSignal): Promise<void> {
    const key = `telemetry-processor:${name}`;
    const { onElected, retryInterval = RETRY_INTERVAL } = options;
    while (!ended.aborted) {
      if ((await tryLock(client, key)) && (await this.term(name, onElected, ended))) {
        await client.query('SELECT pg_advisory_unlock(hashtextextended($1, 0))', [key]);
      }
      await pause(retryInterval, ended);
    }
  }

  /** One term of office; tells whether the session, and with it the lock, is still there. */
  private async term(name: string, onElected: LeaderOptions['onElected'], ended: AbortSignal): Promise<boolean> {
    this.logger.log({ lead: name }, 'Leadership won');
    try {
      await onElected(ended);
    } catch (error) {
      if (!ended.aborted) this.logger.error({ lead: name, err: error }, 'Work of the leader failed');
    }
    this.logger.log({ lead: name }, 'Leadership ended');
    return !ended.aborted;
  }
}

async function tryLock(client: pg.Client, key: string): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>(
    'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS locked',
    [key],
  );
  return rows[0]?.locked === true;
}
