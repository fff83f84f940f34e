import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import type pg from 'pg';
import type { EntityManager } from 'typeorm';
import { DATABASE_CONFIG, type DatabaseConfig } from '../config/database.config.js';
import { DatabaseServer } from './database-server.js';
import { DedicatedConnection } from './dedicated-connection.js';

/** What a subscriber is told: a payload, or that payloads may have been missed and it has to look for itself. */
export type Notification = { missed: false; payload: string } | { missed: true };

/** May be called again before an earlier call has settled. */
export type NotificationHandler = (notification: Notification) => void | Promise<void>;

/**
 * LISTEN and NOTIFY on one connection. PostgreSQL keeps nothing for listeners that are away, so every handler is called with
 * `missed` whenever listening has just begun: after subscribing and after every reconnect.
 */
@Injectable()
export class Notifications implements BeforeApplicationShutdown {
  private readonly logger = new Logger(Notifications.name);
  private readonly handlers = new Map<string, Set<NotificationHandler>>();
  private readonly connection: DedicatedConnection;
  private client: pg.Client | undefined;

  constructor(server: DatabaseServer, @Inject(DATABASE_CONFIG) config: Pick<DatabaseConfig, 'connectTimeout'>) {
    this.connection = new DedicatedConnection({
      purpose: 'notifications',
      url: () => server.url,
      connectTimeout: config.connectTimeout,
      onConnected: (client, ended) => this.listenToAll(client, ended),
    });
  }

  /** Calls `handler` for every notification on the channel; returns the function that ends that. */
  subscribe(channel: string, handler: NotificationHandler): () => void {
    const handlers = this.handlers.get(channel) ?? new Set();
    this.handlers.set(channel, handlers.add(handler));
    this.connection.start();
    if (this.client !== undefined) void this.listen(this.client, channel, [handler]).catch(() => undefined);
    return () => {
      handlers.delete(handler);
    };
  }

  /** Notifies the channel's subscribers, on all replicas, when the manager's transaction commits. The payload has at most 7,999 bytes. */
  async notify(manager: EntityManager, channel: string, payload = ''): Promise<void> {
    await manager.query('SELECT pg_notify($1, $2)', [channel, payload]);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.connection.stop();
  }

  private async listenToAll(client: pg.Client, ended: AbortSignal): Promise<void> {
    client.on('notification', ({ channel, payload = '' }) => {
      this.tell([...(this.handlers.get(channel) ?? [])], { missed: false, payload });
    });
    ended.addEventListener('abort', () => (this.client = undefined));
    this.client = client;
    for (const [channel, handlers] of this.handlers) await this.listen(client, channel, [...handlers]);
  }

  private async listen(client: pg.Client, channel: string, handlers: NotificationHandler[]): Promise<void> {
    await client.query(`LISTEN ${client.escapeIdentifier(channel)}`);
    this.tell(handlers, { missed: true });
  }

  private tell(handlers: NotificationHandler[], notification: Notification): void {
    for (const handler of handlers) void this.tellOne(handler, notification);
  }

  private async tellOne(handler: NotificationHandler, notification: Notification): Promise<void> {
    try {
      await handler(notification);
    } catch (error) {
      this.logger.error({ err: error }, 'Handler of a database notification failed');
    }
  }
}
