import { setTimeout as sleep } from 'node:timers/promises';
import type { Socket } from 'node:net';
import { Logger } from '@nestjs/common';
import pg from 'pg';
import { backoffDelay, pause, type Backoff } from './backoff.js';
import { connectionSocket } from './connection-socket.js';
import { APPLICATION_NAME } from './data-source.js';

export interface DedicatedConnectionOptions {
  /** What the connection is for, e.g. `leader inventory`; part of the application name. */
  purpose: string;
  /** Asked before every attempt to connect. */
  url: () => string | Promise<string>;
  /** Longest wait for a connection, ms. */
  connectTimeout: number;
  /**
   * Called after every successful connect. `ended` is aborted at once when the session is lost or {@link DedicatedConnection.stop}
   * is called; the next attempt waits until the returned promise has settled. Throwing closes the session and tries again later.
   */
  onConnected: (client: pg.Client, ended: AbortSignal) => Promise<void>;
  /** Told about every attempt or session that failed. */
  onFailure?: (error: unknown) => void;
  /** Pauses between attempts; 100 ms to 5 s unless told. */
  backoff?: Backoff;
}

/** Between two heartbeats, and the longest wait for an answer to one, ms: a dead peer is noticed within 5 s. */
const HEARTBEAT_INTERVAL = 2_000;
const HEARTBEAT_TIMEOUT = 3_000;
/** So many failed attempts in a row, at first, are not worth a line: servers take a moment to start. */
const QUIET_FAILURES = 2;
/** How long stop() waits for `onConnected` to settle and for the goodbye, ms. */
const STOP_TIMEOUT = 10_000;
const GOODBYE_TIMEOUT = 1_000;

/**
 * Makes the server drop a session whose host has vanished after 5 + 3 × 2 s, later than we notice it ourselves, and one whose
 * process has stopped sending heartbeats: a stopped or stuck process would keep its locks for ever.
 */
const SERVER_KEEPALIVE = `SELECT set_config('idle_session_timeout', '8s', false), set_config('tcp_keepalives_idle', '5', false), set_config('tcp_keepalives_interval', '2', false),
  set_config('tcp_keepalives_count', '3', false), set_config('statement_timeout', '0', false)`;

/**
 * One database session outside the pool that is kept for its whole life by one user (session locks, LISTEN) and is opened again,
 * with growing pauses, whenever it is lost.
 */
export class DedicatedConnection {
  private readonly logger: Logger;
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  constructor(private readonly options: DedicatedConnectionOptions) {
    this.logger = new Logger('DatabaseConnection');
  }

  /** Begins to connect in the background. */
  start(): void {
    this.running ??= this.run();
  }

  /** Ends the session (its locks and subscriptions with it) and does not connect again. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.race([this.running, sleep(STOP_TIMEOUT, undefined, { ref: false })]);
  }

  private async run(): Promise<void> {
    const { purpose, backoff = { base: 100, max: 5_000 } } = this.options;
    for (let failures = 0; !this.stopping.signal.aborted; failures += 1) {
      const attempt = { opened: false };
      try {
        await this.session(() => {
          if (failures > QUIET_FAILURES) this.logger.log({ purpose }, 'Dedicated database connection is open again');
          attempt.opened = true;
          failures = 0;
        });
      } catch (error) {
        this.options.onFailure?.(error);
        if (attempt.opened) this.logger.warn({ purpose, err: error }, 'Dedicated database connection was lost');
        else if (failures % 10 === QUIET_FAILURES)
          this.logger.warn({ purpose, err: error }, 'Dedicated database connection cannot be opened');
      }
      await pause(backoffDelay(failures, backoff), this.stopping.signal);
    }
  }

  private async session(connected: () => void): Promise<void> {
    const url = await this.options.url();
    if (this.stopping.signal.aborted) return;
    const socket = connectionSocket(this.options.connectTimeout + HEARTBEAT_INTERVAL + HEARTBEAT_TIMEOUT);
    const client = this.createClient(url, socket);
    const lost = new AbortController();
    const drop = () => socket.destroy();
    lost.signal.addEventListener('abort', drop);
    client.on('error', (error) => {
      lost.abort(error);
    });
    client.on('end', () => {
      lost.abort(new Error('Connection ended'));
    });
    try {
      this.stopping.signal.addEventListener('abort', drop);
      await client.connect();
      await client.query(SERVER_KEEPALIVE);
      this.stopping.signal.removeEventListener('abort', drop);
      connected();
      await this.serve(client, lost);
    } finally {
      this.stopping.signal.removeEventListener('abort', drop);
      await close(client, socket);
    }
  }

  /** Returns when stopped; throws when the session is lost or its user fails. */
  private async serve(client: pg.Client, lost: AbortController): Promise<void> {
    const ended = AbortSignal.any([lost.signal, this.stopping.signal]);
    const work = this.options.onConnected(client, ended).catch((error: unknown) => {
      lost.abort(error);
    });
    await heartbeats(client, lost, ended);
    await work;
    if (!this.stopping.signal.aborted) throw lost.signal.reason;
  }

  private createClient(url: string, socket: Socket): pg.Client {
    return new pg.Client({
      connectionString: url,
      application_name: `${APPLICATION_NAME} ${this.options.purpose}`,
      connectionTimeoutMillis: this.options.connectTimeout,
      keepAlive: true,
      stream: () => socket,
    });
  }
}

/** Asks for a sign of life until the session has ended; silence ends it. */
async function heartbeats(client: pg.Client, lost: AbortController, ended: AbortSignal): Promise<void> {
  for (;;) {
    await pause(HEARTBEAT_INTERVAL, ended);
    if (ended.aborted) return;
    const alarm = setTimeout(() => {
      lost.abort(new Error('Connection ended: no answer to a heartbeat'));
    }, HEARTBEAT_TIMEOUT);
    await client.query('SELECT 1').catch((error: unknown) => {
      lost.abort(error);
    });
    clearTimeout(alarm);
  }
}

async function close(client: pg.Client, socket: Socket): Promise<void> {
  const goodbye = client.end().catch(() => undefined);
  await Promise.race([goodbye, sleep(GOODBYE_TIMEOUT, undefined, { ref: false })]);
  socket.destroy();
}
