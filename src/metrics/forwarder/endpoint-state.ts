/** What is known of a storage from the requests sent to it; times in ms. */
export interface EndpointState {
  readonly name: string;
  up: boolean;
  lastAcceptedAt: number | null;
  lastFailureAt: number | null;
  lastFailure: string | null;
  consecutiveFailures: number;
  rejectedSamples: number;
}

export function newEndpointState(name: string): EndpointState {
  return {
    name,
    up: true,
    lastAcceptedAt: null,
    lastFailureAt: null,
    lastFailure: null,
    consecutiveFailures: 0,
    rejectedSamples: 0,
  };
}
