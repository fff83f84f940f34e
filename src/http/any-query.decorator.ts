import { SetMetadata } from '@nestjs/common';

/** Metadata key of a route or controller that lets any query parameter pass. */
export const ANY_QUERY_KEY = 'http:any-query';

/** Lets every query parameter pass: for routes whose callers add parameters of their own, such as probes and senders. */
export function AnyQuery(): MethodDecorator & ClassDecorator {
  return SetMetadata(ANY_QUERY_KEY, true);
}
