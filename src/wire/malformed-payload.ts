import { DomainError } from '../common/domain-error.js';

/** Bytes from outside that are not what their headers say. `offset` is where in the (decompressed) bytes reading stopped. */
export class MalformedPayload extends DomainError {
  readonly code = 'malformed_payload';
  readonly status = 400;
  readonly title = 'Malformed payload';

  constructor(
    reason: string,
    readonly offset: number,
  ) {
    super(`${reason} at byte ${offset}`);
  }
}

/** A payload crosses a configured limit; the message names the limit, its value and what was received. */
export class PayloadLimitExceeded extends DomainError {
  readonly code = 'payload_limit_exceeded';
  readonly status = 400;
  readonly title = 'Payload over a limit';

  constructor(setting: string, limit: number, received: number | string, what: string) {
    super(`${what}: ${received} is over the limit ${setting} of ${limit}`, {
      errors: [{ field: what, message: `must not exceed ${setting}`, value: received, limit }],
    });
  }
}
