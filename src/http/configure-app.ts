import type { NestApplicationOptions } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { HttpConfig } from '../config/http.config.js';
import { QuietLogger } from '../observability/quiet-logger.service.js';
import { assignRequestId } from '../observability/request-id.js';
import { resolveApiAlias } from './api-alias.js';
import { serveOpenApi } from './openapi.js';
import { requireHost } from './require-host.js';
import { tuneServer } from './server-tuning.js';

/** What Nest is told before it puts the application together. */
export const APP_OPTIONS: NestApplicationOptions = {
  bodyParser: false,
  bufferLogs: true,
  abortOnError: false,
  // What is buffered until the logger is there would be thrown at the terminal when the start fails; run.ts says it in a line.
  autoFlushLogs: false,
  routeConflictPolicy: { duplicate: 'error' },
};

/** Everything around the routes that is not a module: logger, request ids, the alias of the paths, OpenAPI and the server's time limits. */
export function configureApp(app: NestExpressApplication, config: HttpConfig): void {
  app.useLogger(app.get(QuietLogger));
  app.flushLogs();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(assignRequestId);
  app.use(requireHost);
  app.use(resolveApiAlias);
  serveOpenApi(app);
  tuneServer(app.getHttpServer(), config);
}
