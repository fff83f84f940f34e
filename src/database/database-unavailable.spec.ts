import { Unavailable } from '../common/domain-error.js';
import { isDatabaseUnavailable, isTransactionConflict } from './database-unavailable.js';

function failure(properties: object): Error {
  return Object.assign(new Error('something'), properties);
}

describe('isDatabaseUnavailable', () => {
  it.each([
    ['a refused connection', failure({ code: 'ECONNREFUSED' })],
    ['a refused connection on several addresses', new AggregateError([failure({ code: 'ECONNREFUSED' })])],
    ['an unknown host', failure({ code: 'ENOTFOUND' })],
    ['a shutdown', failure({ code: '57P01' })],
    ['a starting server', failure({ code: '57P03' })],
    ['a broken connection', failure({ code: '08006' })],
    ['a full disk', failure({ code: '53100' })],
    ['too many connections', failure({ code: '53300' })],
    ['a server that became read-only', failure({ code: '25006' })],
    ['a driver error inside', failure({ driverError: failure({ code: '57P02' }) })],
    ['a cause inside', new Error('outer', { cause: failure({ code: 'EPIPE' }) })],
    ['a full pool', new Error('timeout exceeded when trying to connect')],
    ['a connection that ended', new Error('Connection terminated unexpectedly')],
    ['a pool that was never opened', new Error('Driver not Connected')],
    ['our own error', new Unavailable('not now')],
  ])('is true for %s', (_, error) => {
    expect(isDatabaseUnavailable(error)).toBe(true);
  });

  it.each([
    ['a unique violation', failure({ code: '23505' })],
    ['a syntax error', failure({ code: '42601' })],
    ['a statement timeout', failure({ code: '57014' })],
    ['a conflict', failure({ code: '40001' })],
    ['another error', new Error('no')],
    ['no error', undefined],
    ['text', 'ECONNREFUSED'],
  ])('is false for %s', (_, error) => {
    expect(isDatabaseUnavailable(error)).toBe(false);
  });

  it('ends on errors that cause themselves', () => {
    const error = new Error('round');
    error.cause = error;
    expect(isDatabaseUnavailable(error)).toBe(false);
  });
});

describe('isTransactionConflict', () => {
  it.each([
    ['40001', true],
    ['40P01', true],
    ['23505', false],
  ])('of %s is %s', (code, want) => {
    expect(isTransactionConflict(failure({ driverError: failure({ code }) }))).toBe(want);
  });
});
