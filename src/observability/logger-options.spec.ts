import type { IncomingMessage, ServerResponse } from 'node:http';
import { levelOf } from './logger-options.js';

function level(url: string, statusCode: number, error?: Error) {
  return levelOf({ url } as unknown as IncomingMessage, { statusCode } as unknown as ServerResponse, error);
}

it.each([
  ['/v1/prometheus', 204, 'debug'],
  ['/api/v1/prometheus/api/v1/write', 204, 'debug'],
  ['/v1/logs?x=1', 200, 'debug'],
  ['/v1/container-events/batch', 200, 'debug'],
  ['/v1/pods/inventory', 200, 'debug'],
  ['/health/ready', 200, 'debug'],
  ['/metrics', 200, 'debug'],
  ['/v1/pods/cache', 200, 'info'],
  ['/v1/prometheus-x', 200, 'info'],
  ['/v1/prometheus', 400, 'info'],
  ['/v1/prometheus', 503, 'warn'],
  ['/health/ready', 503, 'debug'],
  ['/health', 503, 'warn'],
  ['/v1/alerts', 500, 'error'],
])('%s answered with %d is logged at %s', (url, status, want) => {
  expect(level(url, status)).toBe(want);
});

it('a response that broke off is an error', () => {
  expect(level('/v1/prometheus', 200, new Error('write'))).toBe('error');
});
