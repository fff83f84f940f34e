import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { InvalidRequest } from '../common/domain-error.js';

/** Leaves a missing Host header to {@link requireHost}: Node's own 400 has no body. */
export function leaveHostToUs(server: Server): void {
  (server as Server & { requireHostHeader: boolean }).requireHostHeader = false;
}

/** Refuses an HTTP/1.1 request without Host, as RFC 9112 (3.2) demands. */
export function requireHost(request: IncomingMessage, _response: ServerResponse, next: (error?: Error) => void): void {
  const isMissing = request.httpVersion === '1.1' && request.headers.host === undefined;
  next(isMissing ? new InvalidRequest('The request has no Host header.') : undefined);
}
