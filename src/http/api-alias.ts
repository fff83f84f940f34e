import type { IncomingMessage, ServerResponse } from 'node:http';

const ALIAS = /^\/api(?=\/v1(?:\/|\?|$))/i;

/** The URL as the router knows it. */
export function withoutAlias(url: string): string {
  return url.replace(ALIAS, '');
}

/** Serves `/api/v1/…` as `/v1/…`, query included. Goes before the router. */
export function resolveApiAlias(request: IncomingMessage, _response: ServerResponse, next: () => void): void {
  if (request.url !== undefined) request.url = withoutAlias(request.url);
  next();
}
