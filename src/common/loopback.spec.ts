import { isLoopback } from './loopback.js';

it.each(['127.0.0.1', '127.8.9.10', '::1', '[::1]', '::ffff:127.0.0.1', 'localhost', 'LocalHost'])(
  '%s is this machine',
  (host) => {
    expect(isLoopback(host)).toBe(true);
  },
);

it.each([
  '',
  '0.0.0.0',
  '::',
  '10.0.0.1',
  '::ffff:10.0.0.1',
  '127.0.0.1.example.com',
  'localhost.example.com',
  '128.0.0.1',
])('%s is not only this machine', (host) => {
  expect(isLoopback(host)).toBe(false);
});
