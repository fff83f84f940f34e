import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Params } from 'nestjs-pino';
import type { LevelWithSilent } from 'pino';
import type { Options } from 'pino-http';
import pretty from 'pino-pretty';
import type { ObservabilityConfig } from '../config/observability.config.js';

/** Requests that come all the time: telemetry, and those who watch over us. They are logged when they fail. */
const FREQUENT = /^(\/api)?\/(v1\/(prometheus|logs|traces|container-events|pods\/inventory)|health|metrics)(\/|\?|$)/;

/** The hottest route logs its refusals itself: a logger per request would cost it a tenth of its CPU time (measured). */
const UNLOGGED: NonNullable<Params['exclude']> = ['v1/prometheus', 'v1/prometheus/*path'];

/** Where a secret could stand in what is logged. */
const SECRETS = ['authorization', 'password', 'secret', 'token', 'bearerToken'].flatMap((name) => [
  name,
  `*.${name}`,
  `*.headers.${name}`,
]);

/** How the service logs: JSON lines on standard output, or readable lines on a terminal. */
export function loggerOptions(config: ObservabilityConfig, isTerminal: boolean): Params {
  const isPretty = config.logFormat === 'pretty' || (config.logFormat === 'auto' && isTerminal);
  const options: Options = {
    level: config.logLevel,
    redact: { paths: SECRETS, censor: '(hidden)' },
    formatters: { level: (label) => ({ level: label }) },
    quietReqLogger: true,
    customLogLevel: levelOf,
    customErrorObject: (
      _request,
      _response,
      _error,
      { res, responseTime }: { res: unknown; responseTime: unknown },
    ) => ({
      res,
      responseTime,
    }),
    customAttributeKeys: { reqId: 'requestId' },
    serializers: { req: describeRequest, res: describeResponse },
  };
  if (!isPretty) return { pinoHttp: options, exclude: UNLOGGED };
  const stream = pretty({
    colorize: isTerminal,
    singleLine: true,
    ignore: 'pid,hostname',
    translateTime: 'SYS:HH:MM:ss.l',
    sync: true,
  });
  return { pinoHttp: [options, stream], exclude: UNLOGGED };
}

/** “Not ready” is what this route is asked for, again and again while the service starts. */
const READINESS = /^\/health\/ready(\/|\?|$)/;

/** The level of a finished request: failures of ours stand out, what comes all the time or is expected does not. */
export function levelOf(request: IncomingMessage, response: ServerResponse, error?: Error): LevelWithSilent {
  const { statusCode } = response;
  if (statusCode === 503 && READINESS.test(urlOf(request))) return 'debug';
  if (statusCode === 503) return 'warn';
  if (error !== undefined || statusCode >= 500) return 'error';
  return statusCode < 400 && FREQUENT.test(urlOf(request)) ? 'debug' : 'info';
}

function urlOf(request: IncomingMessage & { originalUrl?: string }): string {
  return request.originalUrl ?? request.url ?? '';
}

interface SerializedRequest {
  method: string;
  url: string;
  remoteAddress: string;
}

function describeRequest({ method, url, remoteAddress }: SerializedRequest): SerializedRequest {
  return { method, url, remoteAddress };
}

function describeResponse({ statusCode }: { statusCode: number }) {
  return { statusCode };
}
