import express, { type Request, type RequestHandler, type Response } from 'express';
import { formatByteSize } from '../common/byte-size.js';
import { InvalidRequest } from '../common/domain-error.js';
import { shownValue } from '../common/shown-value.js';
import { appliesTo, type BodyRule } from './body-rules.js';
import { PayloadTooLarge, UnsupportedMediaType } from './request-error.js';

const JSON_TYPE = /^application\/([\w.+-]+\+)?json\s*(;|$)/i;

/** Reads a JSON body of at most `limit` bytes, counted after decompression, into `request.body`. */
export function jsonBody(limit: number): RequestHandler {
  const parse: RequestHandler = express.json({
    limit,
    // Texts, numbers and null are JSON too; what they are not is said below.
    strict: false,
    type: () => true,
    verify: (_request, _response, bytes) => {
      refuseDeepNesting(bytes);
    },
  });
  return (request, response, next) => {
    if (!hasBody(request)) {
      next();
      return;
    }
    const mediaType = request.headers['content-type'];
    if (mediaType !== undefined && !JSON_TYPE.test(mediaType)) {
      next(new UnsupportedMediaType(`The body must be application/json, not ${mediaType}.`));
      return;
    }
    void parse(request, response, (error?: unknown) => {
      if (error === undefined) next(refuseScalar(request.body));
      else next(explain(error, limit));
    });
  };
}

/** No route takes a body that is a single value. */
function refuseScalar(body: unknown): InvalidRequest | undefined {
  if (body === undefined || (typeof body === 'object' && body !== null)) return undefined;
  const problem = { field: 'body', message: 'must be an object or an array', value: shownValue(body) };
  return new InvalidRequest('The body must be a JSON object or array.', { errors: [problem] });
}

/** Levels of arrays and objects in a body. */
const MAX_DEPTH = 64;
const [QUOTE, BACKSLASH] = [0x22, 0x5c];

/** Everything that walks a body after JSON.parse does so recursively, and would run out of stack. */
function refuseDeepNesting(bytes: Buffer): void {
  let depth = 0;
  let isText = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (isText) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) isText = false;
    } else if (byte === QUOTE) isText = true;
    else if (byte === 0x5b || byte === 0x7b) depth++;
    else if (byte === 0x5d || byte === 0x7d) depth--;
    if (depth > MAX_DEPTH) throw new TooDeep();
  }
}

/** Told apart from what body-parser itself throws. */
class TooDeep extends Error {
  readonly type = 'entity.too.deep';
}

/** Reads each request's body as the first rule that applies says; leaves it unread when `isWelcome` says no. */
export function bodiesByRule(rules: readonly BodyRule[], isWelcome: (request: Request) => boolean): RequestHandler {
  const readers = rules.map((rule) => ({ rule, read: rule.body === 'raw' ? undefined : jsonBody(rule.body) }));
  return (request: Request, response: Response, next) => {
    const read = readers.find(({ rule }) => appliesTo(rule, request.method, fullPath(request)))?.read;
    if (read === undefined || !isWelcome(request)) next();
    else void read(request, response, next);
  };
}

/** A middleware sees the path below where it is mounted; the rules speak of the whole path. */
function fullPath({ baseUrl, path }: Request): string {
  return baseUrl + path;
}

function hasBody({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

interface BodyParserError extends Error {
  type?: string;
  status?: number;
  length?: number;
}

/** body-parser tells by `type` what went wrong. (body-parser, README, "Errors") */
function explain(error: unknown, limit: number): unknown {
  if (!(error instanceof Error)) return error;
  const { type, status, length } = error as BodyParserError;
  if (type === 'entity.too.large') {
    const problem = { field: 'body', message: `has more than ${limit} bytes`, value: length, limit };
    return new PayloadTooLarge(`The body has more than ${formatByteSize(limit)}.`, { cause: error, errors: [problem] });
  }
  if (type === 'encoding.unsupported' || type === 'charset.unsupported') {
    return new UnsupportedMediaType(error.message, { cause: error });
  }
  if (type === 'entity.too.deep') {
    const problem = { field: 'body', message: `nests deeper than ${MAX_DEPTH} levels`, limit: MAX_DEPTH };
    return new InvalidRequest('The body nests too deeply.', { cause: error, errors: [problem] });
  }
  if (type === 'entity.parse.failed') {
    const problem = { field: 'body', message: error.message };
    return new InvalidRequest('The body is not valid JSON.', { cause: error, errors: [problem] });
  }
  return status === undefined || status < 500
    ? new InvalidRequest(`The body cannot be read: ${error.message}.`, { cause: error })
    : error;
}
