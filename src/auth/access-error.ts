import { DomainError } from '../common/domain-error.js';

/** The caller did not say who it is, or what it said is not known. */
export class AuthenticationRequired extends DomainError {
  readonly code = 'unauthorized';
  readonly status = 401;
  readonly title = 'Authentication required';
}

/** The caller is known, or would not be helped by being known, and may not do this. */
export class AccessDenied extends DomainError {
  readonly code = 'forbidden';
  readonly status = 403;
  readonly title = 'Forbidden';
}
