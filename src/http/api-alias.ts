import type { IncomingMessage, ServerResponse } from 'node:http';

const ALIAS = /^\/api(?=\/v1(?:\/|\?|$))/i;

/** Serves `/api/v1/…` as `/v1/…`, query included. Goes before the router. */
export function resolveApiAlias(request: IncomingMessage, _response: ServerResponse, next: () => void): void {
  request.url = request.url?.replace(ALIAS, '');
  next();
}
