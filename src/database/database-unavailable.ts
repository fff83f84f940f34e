import { Unavailable } from '../common/domain-error.js';

/** Node's codes of a peer that cannot be reached or went away. */
const NETWORK_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
]);

/** SQLSTATE classes that speak of the connection or the server's resources, not of the statement (PostgreSQL, Appendix A). */
const UNAVAILABLE_CLASSES = ['08', '28', '53'];

/** Single SQLSTATEs: read-only after a failover, no such database, server shut down, crashed, starting, database dropped, idle session ended. */
const UNAVAILABLE_STATES: ReadonlySet<string> = new Set([
  '25006',
  '3D000',
  '57P01',
  '57P02',
  '57P03',
  '57P04',
  '57P05',
]);

/** What `pg`, `pg-pool` and TypeORM say without a code. */
const MESSAGES =
  /^(timeout exceeded when trying to connect|timeout expired|Connection terminated|Connection ended|Client has encountered a connection error|Client was closed|Driver not Connected|Cannot use a pool after calling end|The server does not support SSL)/;

/**
 * Whether the error means that the database cannot serve anybody at the moment (not reachable, starting, shutting down, out of
 * connections or space), so that trying the same later is right. Looks through causes, TypeORM's wrapping and `AggregateError`.
 */
export function isDatabaseUnavailable(error: unknown): boolean {
  return someInChain(error, (link) => {
    if (link instanceof Unavailable) return true;
    const code = typeof link.code === 'string' ? link.code : '';
    if (NETWORK_CODES.has(code) || UNAVAILABLE_STATES.has(code)) return true;
    if (code.length === 5 && UNAVAILABLE_CLASSES.includes(code.slice(0, 2))) return true;
    return MESSAGES.test(link.message);
  });
}

/** Whether PostgreSQL asks to repeat the transaction: serialization failure (40001) or deadlock (40P01). */
export function isTransactionConflict(error: unknown): boolean {
  return someInChain(error, (link) => link.code === '40001' || link.code === '40P01');
}

interface Link {
  message: string;
  code?: unknown;
  cause?: unknown;
  driverError?: unknown;
  errors?: unknown;
}

function someInChain(error: unknown, test: (link: Link) => boolean, depth = 0): boolean {
  if (!isLink(error) || depth > 8) return false;
  if (test(error)) return true;
  const inner: unknown[] = Array.isArray(error.errors) ? error.errors : [];
  return [error.driverError, error.cause, ...inner].some((next) => someInChain(next, test, depth + 1));
}

/** By shape, because errors of another realm (a vm context) are no instances of our `Error`. */
function isLink(value: unknown): value is Link {
  return typeof value === 'object' && value !== null && 'message' in value && typeof value.message === 'string';
}
