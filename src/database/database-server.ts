import { resolve } from 'node:path';
import type { DatabaseConfig } from '../config/database.config.js';
import { EmbeddedServer } from './embedded/embedded-server.js';

const EMBEDDED_DATABASE = 'telemetry_processor';

/** The PostgreSQL server in use: somebody else's, named by a URL, or the embedded one. */
export class DatabaseServer {
  constructor(
    /** Connection URL with credentials; never to be logged. */
    readonly url: string,
    private readonly embedded?: EmbeddedServer,
  ) {}

  get isEmbedded(): boolean {
    return this.embedded !== undefined;
  }

  /** Stops the embedded server and waits for it; leaves an external one alone. */
  async stop(): Promise<void> {
    await this.embedded?.stop();
  }
}

/**
 * Starts the embedded server unless a URL is configured. An external server need not be reachable yet; an embedded one that
 * cannot be had is an `EmbeddedServerError`, which ends the start of the service.
 */
export async function openDatabaseServer(config: Pick<DatabaseConfig, 'url' | 'dataDir'>): Promise<DatabaseServer> {
  if (config.url !== undefined) return new DatabaseServer(config.url);
  const embedded = await EmbeddedServer.start({ dataDir: resolve(config.dataDir), database: EMBEDDED_DATABASE });
  return new DatabaseServer(embedded.url, embedded);
}
