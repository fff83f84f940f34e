import { withoutAlias } from './api-alias.js';

/** Where remote write is taken, and below. */
export const REMOTE_WRITE_PATH = '/v1/prometheus';

/**
 * Whether a request's URL is one of remote write, whose senders log the first line of an answer and go by its status: they get
 * plain text, and never a status that makes them drop what they could send again.
 */
export function isRemoteWrite(url: string): boolean {
  const [path = ''] = withoutAlias(url).toLowerCase().split('?');
  return path === REMOTE_WRITE_PATH || path.startsWith(`${REMOTE_WRITE_PATH}/`);
}
