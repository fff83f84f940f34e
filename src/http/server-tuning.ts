import type { Server } from 'node:http';
import type { HttpConfig } from '../config/http.config.js';
import { answerClientError } from './client-error.js';
import { leaveHostToUs } from './require-host.js';

/** How much longer (ms) than an idle connection lives the headers of a request may take to arrive. */
const HEADERS_TIMEOUT_MARGIN = 5_000;

/** Sets the server's time limits, and how requests are answered that dawdle or are not HTTP. */
export function tuneServer(server: Server, config: HttpConfig): void {
  server.keepAliveTimeout = config.keepAliveTimeout;
  server.requestTimeout = config.requestTimeout;
  // Node swaps the two when the headers may take longer than the whole request. (node_http_parser.cc, ConnectionsList::Expired)
  server.headersTimeout = Math.min(config.keepAliveTimeout + HEADERS_TIMEOUT_MARGIN, config.requestTimeout);
  leaveHostToUs(server);
  server.on('clientError', answerClientError);
}
