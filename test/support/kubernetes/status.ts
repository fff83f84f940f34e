import type { Kind } from './kinds.js';

const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  410: 'Expired',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** What a failure is answered with: the HTTP status and a `Status` object, or plain text where real servers write it. */
export class ApiFailure extends Error {
  constructor(
    readonly code: number,
    message: string,
    private readonly extra: {
      readonly reason?: string;
      readonly details?: object;
      readonly metadata?: object;
      /** Seconds. */
      readonly retryAfter?: number;
      readonly plainText?: boolean;
    } = {},
  ) {
    super(message);
  }

  get retryAfter(): number | undefined {
    return this.extra.retryAfter;
  }

  get contentType(): string {
    return this.extra.plainText === true ? 'text/plain; charset=utf-8' : 'application/json';
  }

  /** The body of the answer, and the object of an `ERROR` event. */
  body(): string {
    if (this.extra.plainText === true) return `${this.message}\n`;
    const { details, metadata, retryAfter } = this.extra;
    const told = retryAfter === undefined ? details : { ...details, retryAfterSeconds: retryAfter };
    return JSON.stringify({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: metadata ?? {},
      status: 'Failure',
      message: this.message,
      reason: this.extra.reason ?? REASONS[this.code] ?? 'Unknown',
      ...(told === undefined ? {} : { details: told }),
      code: this.code,
    });
  }
}

export function unknownPath(): ApiFailure {
  return new ApiFailure(404, '404 page not found', { plainText: true });
}

export function unknownResource(): ApiFailure {
  return new ApiFailure(404, 'the server could not find the requested resource', { details: {} });
}

export function noSuchObject(kind: Kind, name: string): ApiFailure {
  const group = kind.group === '' ? {} : { group: kind.group };
  const resource = kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`;
  return new ApiFailure(404, `${resource} "${name}" not found`, { details: { name, ...group, kind: kind.plural } });
}

export function watchTooOld(version: number, oldest: number): ApiFailure {
  return new ApiFailure(410, `too old resource version: ${version} (${oldest})`);
}

export function listTooOld(): ApiFailure {
  return new ApiFailure(410, 'The resourceVersion for the provided list is too old.');
}

/** @param token of a listing that goes on with the objects as they are now */
export function continueTooOld(token: string): ApiFailure {
  return new ApiFailure(
    410,
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
      'the continue parameter, or use the continue token in this response to retrieve the remainder of the results.',
    { metadata: { continue: token } },
  );
}

export function versionTooLarge(version: number, latest: number): ApiFailure {
  const message = `Too large resource version: ${version}, current: ${latest}`;
  return new ApiFailure(504, `Timeout: ${message}`, {
    retryAfter: 1,
    details: { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }] },
  });
}
