import { HttpException } from '@nestjs/common';
import { STATUS_CODES } from 'node:http';
import { DomainError, type ErrorLevel, type FieldProblem } from '../common/domain-error.js';
import { isDatabaseUnavailable, isTransactionConflict } from '../database/database-unavailable.js';

/** Media type of {@link Problem}. (RFC 9457) */
export const PROBLEM_JSON = 'application/problem+json';

/** The body of every error answer. (RFC 9457; `code` and `errors` are extensions) */
export interface Problem {
  /** URN that ends in the code. */
  type: string;
  /** Summary, the same for every occurrence of the type. */
  title: string;
  status: number;
  /** Stable identifier of the type, snake_case. */
  code: string;
  /** What is wrong with this request. */
  detail?: string;
  /** The request id, as in the X-Request-Id header and in the logs. */
  instance?: string;
  errors?: readonly FieldProblem[];
}

/** A problem and what the caller is not shown. */
export interface Answer {
  readonly problem: Problem;
  readonly level: ErrorLevel;
  readonly retryAfterSeconds?: number | undefined;
}

/** Seconds after which a caller should try again when the error itself does not say. */
const DEFAULT_RETRY_AFTER = 5;
/** Most entries of `errors` in an answer. */
const MAX_ERRORS = 100;

const CODES: Readonly<Record<number, string>> = {
  400: 'invalid_request',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  406: 'not_acceptable',
  409: 'conflict',
  413: 'payload_too_large',
  415: 'unsupported_media_type',
  422: 'unprocessable',
  429: 'too_many_requests',
  503: 'unavailable',
};

/** What is answered to an exception. An unknown one tells the caller nothing but that it happened. */
export function answerTo(exception: unknown): Answer {
  if (exception instanceof DomainError) return answerToDomainError(exception);
  if (exception instanceof HttpException) return answerToHttpException(exception);
  if (isDatabaseUnavailable(exception) || isTransactionConflict(exception)) {
    const problem = problemOf(
      503,
      'database_unavailable',
      'Temporarily unavailable',
      'The database cannot be used at the moment.',
    );
    return { problem, level: 'warn', retryAfterSeconds: DEFAULT_RETRY_AFTER };
  }
  if (isUnstorableText(exception)) {
    const detail = 'A text holds a character that cannot be stored, such as U+0000.';
    return { problem: problemOf(400, 'invalid_request', 'Invalid request', detail), level: 'debug' };
  }
  return { problem: internalError(500), level: 'error' };
}

/** PostgreSQL refuses text that is no valid UTF-8 or holds U+0000. (PostgreSQL, appendix A: 22021, 22P05) */
function isUnstorableText(exception: unknown): boolean {
  return exception instanceof Error && ['22021', '22P05'].includes((exception as Error & { code?: string }).code ?? '');
}

function answerToDomainError(error: DomainError): Answer {
  const problem = problemOf(error.status, error.code, error.title, error.message);
  if (error.errors.length > 0) problem.errors = error.errors.slice(0, MAX_ERRORS);
  const fallback = error.status === 503 ? DEFAULT_RETRY_AFTER : undefined;
  return { problem, level: error.level, retryAfterSeconds: error.retryAfterSeconds ?? fallback };
}

function answerToHttpException(exception: HttpException): Answer {
  const status = exception.getStatus();
  if (status >= 500 && status !== 503) return { problem: internalError(status), level: 'error' };
  const problem = problemOf(
    status,
    CODES[status] ?? `http_${status}`,
    STATUS_CODES[status] ?? 'Error',
    exception.message,
  );
  return status === 503
    ? { problem, level: 'warn', retryAfterSeconds: DEFAULT_RETRY_AFTER }
    : { problem, level: 'debug' };
}

function internalError(status: number): Problem {
  return problemOf(
    status,
    'internal_error',
    'Internal error',
    'Something failed on our side; the logs tell more under this request id.',
  );
}

function problemOf(status: number, code: string, title: string, detail: string): Problem {
  return { type: `urn:telemetry-processor:problem:${code}`, title, status, code, detail };
}
