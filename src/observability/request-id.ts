import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

const HEADER = 'X-Request-Id';
const SANE = /^[\w.-]{1,128}$/;

/** The caller's request id when it is harmless in logs and headers, else a new one. */
export function requestIdOf(header: string | string[] | undefined): string {
  return typeof header === 'string' && SANE.test(header) ? header : randomUUID();
}

/** Gives the request its id and echoes it in the response. */
export function assignRequestId(request: IncomingMessage, response: ServerResponse, next: () => void): void {
  const id = requestIdOf(request.headers['x-request-id']);
  request.id = id;
  response.setHeader(HEADER, id);
  next();
}
