import { maxHeaderSize, STATUS_CODES, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { InvalidRequest, type DomainError } from '../common/domain-error.js';
import { oneLine, PLAIN_TEXT } from './plain-line.js';
import { answerTo, PROBLEM_JSON } from './problem.js';
import { isRemoteWrite } from './remote-write-path.js';
import { HeadersTooLarge, RequestTimeout } from './request-error.js';

/** What Node's HTTP parser reports; `reason` is its own word for what it met. */
type ClientError = Error & { code?: string; reason?: string };
type HttpSocket = Duplex & { bytesRead?: number; _httpMessage?: ServerResponse | null };

/**
 * Answers a request that Node could not read, which never reaches the application, as the application answers errors; closes
 * the connection without a word where an answer would be lost, mixed up, or taken for another one's.
 */
export function answerClientError(error: ClientError, socket: HttpSocket): void {
  const response = socket._httpMessage ?? undefined;
  const url = response?.req.url ?? '';
  if (error.code === 'ECONNRESET' || !socket.writable || isInWork(response) || isBetterSilent(error, socket, url)) {
    socket.destroy(error);
    return;
  }
  socket.end(answer(explain(error), isRemoteWrite(url)), () => socket.destroy());
}

/** The answer has begun, or is to a request that was read to its end: the unreadable one is the next on the connection. */
function isInWork(response: ServerResponse | undefined): boolean {
  return response !== undefined && (response.headersSent || response.req.complete);
}

/**
 * 408 makes remote-write senders drop the batch, a closed connection makes them send it again. Nor is there a request to be
 * answered on a connection that was opened ahead of need, on which a sender could take 408 for the answer to its first one.
 */
function isBetterSilent({ code }: ClientError, { bytesRead }: HttpSocket, url: string): boolean {
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' && (bytesRead === 0 || isRemoteWrite(url));
}

function explain(error: ClientError): DomainError {
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new RequestTimeout('The request did not arrive in time.', { cause: error });
  }
  if (error.code === 'HPE_HEADER_OVERFLOW') {
    const problem = { field: 'headers', message: `have more than ${maxHeaderSize} bytes`, limit: maxHeaderSize };
    const detail = `Request line and headers have more than ${maxHeaderSize} bytes.`;
    return new HeadersTooLarge(detail, { cause: error, errors: [problem] });
  }
  return new InvalidRequest(`This is not HTTP/1.1: ${error.reason ?? error.message}.`, { cause: error });
}

function answer(error: DomainError, isPlain: boolean): string {
  const { problem } = answerTo(error);
  const body = isPlain ? oneLine(error.message) : JSON.stringify(problem);
  return [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
    'Connection: close',
    `Content-Type: ${isPlain ? PLAIN_TEXT : PROBLEM_JSON}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}
