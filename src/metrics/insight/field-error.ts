import { InvalidRequest } from '../../common/domain-error.js';
import { shownValue } from '../../common/shown-value.js';

/** What is wrong with a field: the sentence and `errors` name it, the value received and the limit, if one was crossed. */
export function fieldError(field: string, message: string, received: unknown, limit?: number | string): InvalidRequest {
  const value = shownValue(received);
  const name = String(shownValue(field));
  const facts = [`received ${JSON.stringify(value)}`, ...(limit === undefined ? [] : [`limit ${limit}`])];
  const problem = { field: name, message, value, ...(limit === undefined ? {} : { limit }) };
  return new InvalidRequest(`${name}: ${message} (${facts.join(', ')})`, { errors: [problem] });
}
