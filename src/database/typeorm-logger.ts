import { Logger as NestLogger } from '@nestjs/common';
import type { Logger } from 'typeorm';

/** Sends what TypeORM would print on the console to our log. Failed queries are not logged here: whoever catches them does. */
export class TypeOrmLogger implements Logger {
  private readonly logger = new NestLogger('TypeOrm');

  logQuery(): void {
    // Queries are not logged.
  }

  logQueryError(): void {
    // The error carries the query.
  }

  logQuerySlow(): void {
    // Slow statements are the database's to report (log_min_duration_statement).
  }

  logSchemaBuild(): void {
    // The names of applied migrations are logged by who applied them.
  }

  logMigration(message: string): void {
    this.logger.warn({ detail: message }, 'Migration report');
  }

  log(level: 'log' | 'info' | 'warn', message: unknown): void {
    if (level === 'warn') this.logger.warn({ detail: String(message) }, 'TypeORM warning');
  }
}
