/** One offending value of a request: where it stands, what it was and what is allowed there. */
export interface FieldProblem {
  /** JSON path in the body, or parameter or header name, e.g. `pods[3].uid`. */
  field: string;
  /** What is wrong, in one sentence. */
  message: string;
  /** The value as received, shortened. */
  value?: unknown;
  /** The bound that was crossed, when there is one. */
  limit?: number | string;
}

/** How much attention an error deserves when it is logged. */
export type ErrorLevel = 'debug' | 'info' | 'warn' | 'error';

export interface DomainErrorOptions {
  cause?: unknown;
  errors?: readonly FieldProblem[];
  /** Seconds after which the caller should try again; set on 503 answers. */
  retryAfterSeconds?: number;
}

/**
 * Base of every error that belongs to the domain. The HTTP filter turns it into problem+json:
 * `code` becomes the problem type, `status` the HTTP status, the message the detail.
 */
export abstract class DomainError extends Error {
  /** Stable identifier, snake_case. */
  abstract readonly code: string;
  /** HTTP status this error means to a caller. */
  abstract readonly status: number;
  /** Short human-readable summary, the same for every occurrence. */
  abstract readonly title: string;
  readonly level: ErrorLevel = 'debug';
  readonly errors: readonly FieldProblem[];
  readonly retryAfterSeconds: number | undefined;

  constructor(message: string, options: DomainErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.name = new.target.name;
    this.errors = options.errors ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** The request's content is not acceptable: field, value and limit are in `errors`. */
export class InvalidRequest extends DomainError {
  readonly code = 'invalid_request';
  readonly status = 400;
  readonly title = 'Invalid request';
}

/** What the request names does not exist. */
export class NotFound extends DomainError {
  readonly code = 'not_found';
  readonly status = 404;
  readonly title = 'Not found';
}

/** We cannot serve this now, through no fault of the caller; trying again later is right. */
export class Unavailable extends DomainError {
  readonly code = 'unavailable';
  readonly status = 503;
  readonly title = 'Temporarily unavailable';
  override readonly level = 'warn';
}
