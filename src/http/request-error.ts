import { DomainError } from '../common/domain-error.js';

/** The body has more bytes than the route takes; the limit is in `errors`. */
export class PayloadTooLarge extends DomainError {
  readonly code = 'payload_too_large';
  readonly status = 413;
  readonly title = 'Payload too large';
}

/** The body is in a media type or encoding that the route does not read. */
export class UnsupportedMediaType extends DomainError {
  readonly code = 'unsupported_media_type';
  readonly status = 415;
  readonly title = 'Unsupported media type';
}

/** Request line and headers are longer than is read. */
export class HeadersTooLarge extends DomainError {
  readonly code = 'headers_too_large';
  readonly status = 431;
  readonly title = 'Request header fields too large';
}

/** The request took longer to arrive than a request may. */
export class RequestTimeout extends DomainError {
  readonly code = 'request_timeout';
  readonly status = 408;
  readonly title = 'Request timeout';
}

/** Nothing is served under this path. */
export class RouteNotFound extends DomainError {
  readonly code = 'route_not_found';
  readonly status = 404;
  readonly title = 'No such route';
}

/** The path is served, though not with this method; the `Allow` header tells with which. */
export class MethodNotAllowed extends DomainError {
  readonly code = 'method_not_allowed';
  readonly status = 405;
  readonly title = 'Method not allowed';

  constructor(
    method: string,
    readonly allowed: readonly string[],
  ) {
    super(`${method} is not served here; allowed: ${allowed.join(', ')}.`);
  }
}
