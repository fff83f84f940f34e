import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Unavailable } from '../common/domain-error.js';
import { DATABASE_CONFIG, type DatabaseConfig } from '../config/database.config.js';
import { backoffDelay, pause } from './backoff.js';
import { DatabaseServer } from './database-server.js';
import { migrate } from './migrate.js';

const BACKOFF = { base: 500, max: 10_000 };

/**
 * Brings the database into use: migrates and connects in the background, trying again while it is not reachable, so that HTTP
 * (health above all) is served meanwhile. Closes the pool and the embedded server at the very end of the shutdown.
 */
@Injectable()
export class DatabaseService implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(DatabaseService.name);
  private readonly stopping = new AbortController();
  private readonly whenReady = Promise.withResolvers<undefined>();
  private opening: Promise<void> | undefined;

  constructor(
    private readonly dataSource: DataSource,
    private readonly server: DatabaseServer,
    @Inject(DATABASE_CONFIG) private readonly config: DatabaseConfig,
  ) {
    this.whenReady.promise.catch(() => undefined);
  }

  /** Whether the schema is up to date and the pool open; the database may be down at the moment all the same. */
  get isReady(): boolean {
    return this.dataSource.isInitialized;
  }

  /** Resolves once the schema is up to date and queries can be made; rejects when the service stops before that. */
  ready(): Promise<void> {
    return this.whenReady.promise;
  }

  /** Asks the database for a sign of life. Throws {@link Unavailable} when there is none within `timeout` ms. */
  async ping(timeout = 2_000): Promise<void> {
    if (!this.isReady) throw new Unavailable('The database is not connected yet');
    const late = new AbortController();
    try {
      const answer = this.dataSource.query('SELECT 1').then(() => 'alive');
      if ((await Promise.race([answer, pause(timeout, late.signal)])) === undefined)
        throw new Error('No answer in time');
    } catch (cause) {
      throw new Unavailable('The database does not answer', { cause });
    } finally {
      late.abort();
    }
  }

  onModuleInit(): void {
    this.opening = this.open();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    this.whenReady.reject(new Unavailable('The service is stopping'));
    await this.opening;
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
    await this.server.stop();
  }

  private async open(): Promise<void> {
    for (let failures = 0; !this.stopping.signal.aborted; failures += 1) {
      try {
        await this.migrateAndConnect();
        return;
      } catch (error) {
        const retryIn = Math.round(backoffDelay(failures, BACKOFF));
        this.logger.error({ err: error, retryIn }, 'Database cannot be used yet, trying again');
        await pause(retryIn, this.stopping.signal);
      }
    }
  }

  private async migrateAndConnect(): Promise<void> {
    const { url, isEmbedded } = this.server;
    const applied = await migrate(url, { connectTimeout: this.config.connectTimeout, signal: this.stopping.signal });
    await this.dataSource.initialize();
    this.logger.log({ embedded: isEmbedded, migrations: applied }, 'Database is ready');
    this.whenReady.resolve(undefined);
  }
}
