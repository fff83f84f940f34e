import {
  BadGatewayException,
  BadRequestException,
  ForbiddenException,
  HttpException,
  ServiceUnavailableException,
} from '@nestjs/common';
import { InvalidRequest } from '../common/domain-error.js';
import { answerTo } from './problem.js';

function summary(exception: unknown) {
  const { problem, level, retryAfterSeconds } = answerTo(exception);
  return [problem.status, problem.code, problem.detail, level, retryAfterSeconds];
}

it.each<[HttpException, unknown[]]>([
  [new BadRequestException('no number'), [400, 'invalid_request', 'no number', 'debug', undefined]],
  [new ForbiddenException('not you'), [403, 'forbidden', 'not you', 'debug', undefined]],
  [new HttpException('short and stout', 418), [418, 'http_418', 'short and stout', 'debug', undefined]],
  [new ServiceUnavailableException('later'), [503, 'unavailable', 'later', 'warn', 5]],
])('%s keeps what it says', (exception, want) => {
  expect(summary(exception)).toEqual(want);
});

it.each([new BadGatewayException('10.0.0.1 is down'), new Error('secret'), 'secret', undefined])(
  '%s tells nothing',
  (exception) => {
    const { problem, level } = answerTo(exception);
    expect([problem.code, level]).toEqual(['internal_error', 'error']);
    expect(problem.detail).not.toMatch(/secret|10\.0/);
  },
);

it('a transaction that lost every conflict asks to try again', () => {
  const conflict = Object.assign(new Error('deadlock detected'), { code: '40P01' });
  expect(summary(new Error('wrapped', { cause: conflict }))).toEqual([
    503,
    'database_unavailable',
    expect.any(String),
    'warn',
    5,
  ]);
});

it('a great many problems are cut short', () => {
  const errors = Array.from({ length: 5_000 }, (_, index) => ({ field: `rows[${index}]`, message: 'is bad' }));
  expect(answerTo(new InvalidRequest('no', { errors })).problem.errors).toHaveLength(100);
});
