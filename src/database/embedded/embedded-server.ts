import { Logger } from '@nestjs/common';
import pg from 'pg';
import { DedicatedConnection } from '../dedicated-connection.js';
import { openCluster, SUPERUSER, type Cluster } from './cluster.js';
import { EmbeddedServerError } from './embedded-server-error.js';
import { freePort } from './free-port.js';
import { OwnerLock } from './owner-lock.js';
import { Postmaster, signalServer, stopServer, type ServerSettings } from './postmaster.js';
import { findRunningServer } from './postmaster-file.js';

export interface EmbeddedServerOptions {
  /** Holds the cluster (`postgres`), its password (`postgres.password`) and log (`postgres.log`). */
  dataDir: string;
  /** Name of the database, created when it does not exist. */
  database: string;
  /** Settings beside or instead of ours; tests turn durability off. */
  settings?: ServerSettings;
  initdbArguments?: readonly string[];
}

const CONNECT_TIMEOUT = 5_000;
/** Servers that may end right after their start before we give up; one may lose its port, or the race with another process. */
const STARTS = 6;
/** Recovery after a crash may replay a lot, but not for longer than this, ms. */
const START_TIMEOUT = 300_000;

/**
 * The embedded PostgreSQL: started, or adopted when a killed process of ours left it running, restarted when it crashes (on the
 * same port, so that connection pools find it again), and stopped with us. One process owns a data directory at a time:
 * the owner holds a session lock in the server, which ends with the process however it ends.
 */
export class EmbeddedServer {
  private readonly logger = new Logger('EmbeddedServer');
  private readonly owner: DedicatedConnection;
  private readonly lock: OwnerLock;
  private readonly opened = Promise.withResolvers<undefined>();
  private postmaster: Postmaster | undefined;
  private running: { pid: number; port: number } | undefined;
  private failedStarts = 0;

  private constructor(
    private readonly cluster: Cluster,
    private readonly options: EmbeddedServerOptions,
  ) {
    this.lock = new OwnerLock(options.dataDir);
    this.owner = new DedicatedConnection({
      purpose: 'owner',
      url: () => this.ensureRunning(),
      connectTimeout: CONNECT_TIMEOUT,
      onConnected: (client) => this.own(client),
      onFailure: (error) => {
        if (error instanceof EmbeddedServerError) this.opened.reject(error);
      },
    });
  }

  /** Resolves when the database accepts connections; throws {@link EmbeddedServerError} when it cannot be had. */
  static async start(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
    const server = new EmbeddedServer(await openCluster(options.dataDir, options.initdbArguments), options);
    await server.open();
    return server;
  }

  /** Where the service's database is. */
  get url(): string {
    return this.urlOf(this.options.database);
  }

  /** The server process's id, for operators and tests. */
  get pid(): number | undefined {
    return this.running?.pid;
  }

  /** Ends all sessions, stops the server and waits for it; only the owner does so. */
  async stop(): Promise<void> {
    await this.owner.stop();
    process.removeListener('exit', this.stopAtExit);
    const pid = (await findRunningServer(this.cluster.directory))?.pid ?? this.postmaster?.pid;
    if (pid === undefined || !this.lock.held) return;
    await stopServer(pid);
    this.logger.log('Embedded database stopped');
  }

  private async open(): Promise<void> {
    const timeout = setTimeout(() => {
      this.opened.reject(
        new EmbeddedServerError(`The embedded database does not accept connections: see ${this.cluster.logFile}`),
      );
    }, START_TIMEOUT);
    this.owner.start();
    try {
      await this.opened.promise;
    } catch (error) {
      await this.owner.stop();
      throw error;
    } finally {
      clearTimeout(timeout);
    }
  }

  /** Called before every attempt to connect: a server is there afterwards, or has at least been started. */
  private async ensureRunning(): Promise<string> {
    const found = await findRunningServer(this.cluster.directory);
    if (found !== undefined) this.running = found;
    else if (this.postmaster === undefined || this.postmaster.hasExited) await this.startServer();
    return this.urlOf('postgres');
  }

  private async startServer(): Promise<void> {
    if (this.postmaster !== undefined) await this.noteEndedServer(this.postmaster);
    const port = this.lock.wasHeld && this.running !== undefined ? this.running.port : await freePort();
    this.postmaster = await Postmaster.start(this.cluster, port, this.options.settings ?? {}).catch(
      (cause: unknown) => {
        throw new EmbeddedServerError(`The embedded database cannot be started: ${String(cause)}`, { cause });
      },
    );
    this.running = { pid: 0, port };
  }

  private async noteEndedServer(ended: Postmaster): Promise<void> {
    const lastWords = await ended.lastWords();
    this.logger.error({ lastWords }, 'Embedded database has ended');
    this.failedStarts += 1;
    if (!this.lock.wasHeld && this.failedStarts >= STARTS) {
      throw new EmbeddedServerError(`The embedded database does not start; its log ends with:\n${lastWords}`);
    }
  }

  private async own(client: pg.Client): Promise<void> {
    await this.lock.take(client);
    const adopted = this.postmaster === undefined;
    this.running = (await findRunningServer(this.cluster.directory)) ?? this.running;
    this.failedStarts = 0;
    process.removeListener('exit', this.stopAtExit);
    process.once('exit', this.stopAtExit);
    await createDatabase(client, this.options.database);
    this.logger.log({ ...this.running, adopted, directory: this.cluster.directory }, 'Embedded database is ready');
    this.opened.resolve(undefined);
  }

  /** The last resort when the process ends without stop(): the server shuts down behind us. */
  private readonly stopAtExit = (): void => {
    if (this.running !== undefined && this.running.pid > 0 && this.lock.held) signalServer(this.running.pid, 'SIGINT');
  };

  private urlOf(database: string): string {
    const port = this.running?.port ?? 0;
    return `postgres://${SUPERUSER}:${this.cluster.password}@127.0.0.1:${port}/${database}`;
  }
}

async function createDatabase(client: pg.Client, name: string): Promise<void> {
  const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
  if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
}
