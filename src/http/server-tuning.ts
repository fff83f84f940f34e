import type { Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { HttpConfig } from '../config/http.config.js';

/** How much longer (ms) than an idle connection lives the headers of a request may take to arrive. */
const HEADERS_TIMEOUT_MARGIN = 5_000;

type ClientError = Error & { code?: string };
type HttpSocket = Duplex & { _httpMessage?: ServerResponse | null };

/** Sets the server's time limits, and closes connections whose requests dawdle or are not HTTP. */
export function tuneServer(server: Server, config: HttpConfig): void {
  server.keepAliveTimeout = config.keepAliveTimeout;
  server.requestTimeout = config.requestTimeout;
  // Node swaps the two when the headers may take longer than the whole request. (node_http_parser.cc, ConnectionsList::Expired)
  server.headersTimeout = Math.min(config.keepAliveTimeout + HEADERS_TIMEOUT_MARGIN, config.requestTimeout);
  server.on('clientError', answerClientError);
}

/**
 * Node would answer 408 to a body that dawdles, which remote-write senders take as a reason to drop the batch;
 * a closed connection makes them send it again.
 */
function answerClientError(error: ClientError, socket: HttpSocket): void {
  const isAnswered = socket._httpMessage?.headersSent === true;
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' || error.code === 'ECONNRESET' || !socket.writable || isAnswered) {
    socket.destroy(error);
    return;
  }
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
}
