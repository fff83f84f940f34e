import { errorFromStatus, isForbidden, isGone, isNotFound, isRetriable, KubernetesError } from './kubernetes-error.js';
import { recoveryFrom } from './recovery.js';

const failure = (status: number, reason = '', retryAfter?: number, message = 'no') =>
  new KubernetesError(message, { status, reason, retryAfter });

describe('recoveryFrom', () => {
  const f = (error: KubernetesError, failures = 0) => recoveryFrom(error, failures, 400);

  it('lists anew at once when the version is too old, the next time after a pause', () => {
    expect(f(failure(410, 'Expired'))).toEqual({ kind: 'relist', pause: 0 });
    expect(f(failure(410, 'Expired'), 1)).toEqual({ kind: 'relist', pause: 400 });
  });

  it('waits overload and outages out', () => {
    for (const error of [failure(500), failure(503), failure(429), failure(401), failure(0, 'Network')]) {
      expect(f(error, 3)).toEqual({ kind: 'resume', pause: 400 });
    }
  });

  it('leaves the API server alone for as long as it says, within reason', () => {
    expect(f(failure(429, '', 7_000))).toEqual({ kind: 'resume', pause: 7_000 });
    expect(f(failure(429, '', 100))).toEqual({ kind: 'resume', pause: 400 });
    expect(f(failure(503, '', 1e12))).toEqual({ kind: 'resume', pause: 300_000 });
  });

  it('lists anew when the version is ahead of the cluster', () => {
    expect(f(failure(504, 'Timeout', 1_000, 'Timeout: Too large resource version: 9, current: 3')).kind).toBe('relist');
  });

  it('lists anew when answers fail again and again, but not for want of answers or for overload', () => {
    expect(f(failure(500), 5).kind).toBe('relist');
    expect(f(failure(0, 'Malformed'), 5).kind).toBe('relist');
    expect(f(failure(0, 'Network'), 50).kind).toBe('resume');
    expect(f(failure(429), 50).kind).toBe('resume');
  });

  it('lists anew after what the API server does not understand', () => {
    for (const status of [400, 404, 405, 422]) expect(f(failure(status)).kind).toBe('relist');
  });

  it('waits for a permission', () => {
    expect(f(failure(403, 'Forbidden'))).toEqual({ kind: 'forbidden' });
  });
});

describe('KubernetesError', () => {
  it('is told from what the API server says', () => {
    const status = { code: 429, reason: 'TooManyRequests', message: 'slow down', details: { retryAfterSeconds: 3 } };
    expect(errorFromStatus(status, { status: 500, message: '?' })).toMatchObject({
      status: 429,
      reason: 'TooManyRequests',
      message: 'slow down',
      retryAfter: 3_000,
    });
  });

  it('is told from nothing', () => {
    for (const raw of [undefined, null, 7, 'x', [], {}, { message: '', code: 'x', details: 7 }]) {
      const error = errorFromStatus(raw, { status: 502, message: 'bad gateway' });
      expect(error).toMatchObject({ status: 502, reason: '', message: 'bad gateway', retryAfter: undefined });
    }
  });

  it('is sorted by what can be done about it', () => {
    const sorted = (error: unknown) => [isGone, isForbidden, isNotFound, isRetriable].map((is) => is(error));
    expect(sorted(failure(410))).toEqual([true, false, false, false]);
    expect(sorted(failure(500, 'Expired'))).toEqual([true, false, false, true]);
    expect(sorted(failure(403))).toEqual([false, true, false, false]);
    expect(sorted(failure(401))).toEqual([false, false, false, false]);
    expect(sorted(failure(404))).toEqual([false, false, true, false]);
    expect(sorted(failure(0, 'Network'))).toEqual([false, false, false, true]);
    expect(sorted(failure(429))).toEqual([false, false, false, true]);
    expect(sorted(new Error('else'))).toEqual([false, false, false, false]);
  });
});
