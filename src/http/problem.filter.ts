import { Catch, Logger, NotFoundException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { ExpressAdapter } from '@nestjs/platform-express';
import type { Express, Request, Response } from 'express';
import { allowedMethods } from './allowed-methods.js';
import { sendLine } from './plain-line.js';
import { answerTo, PROBLEM_JSON, type Answer } from './problem.js';
import { isRemoteWrite } from './remote-write-path.js';
import { MethodNotAllowed, RouteNotFound } from './request-error.js';

/**
 * Turns every exception into problem+json, or into a line of plain text for senders of remote write, and logs it once at the
 * level it asks for.
 */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemFilter.name);

  constructor(private readonly adapterHost: HttpAdapterHost<ExpressAdapter>) {}

  catch(exception: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    const error = this.clarify(exception, request);
    const answer = answerTo(error);
    this.log(error, answer);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (error instanceof MethodNotAllowed) response.setHeader('Allow', error.allowed.join(', '));
    send(answer, request, response);
  }

  /** Nest reports a route that nobody serves as it reports a missing thing; callers should see the difference. */
  private clarify(exception: unknown, request: Request): unknown {
    const unserved = `Cannot ${request.method} ${request.originalUrl}`;
    if (!(exception instanceof NotFoundException) || exception.message !== unserved) return exception;
    const router = this.adapterHost.httpAdapter.getInstance<Express>().router;
    const methods = allowedMethods(router, request.path);
    if (methods.length > 0) return new MethodNotAllowed(request.method, methods);
    return new RouteNotFound(`There is no ${request.method} ${request.path}; /docs lists what there is.`);
  }

  private log(err: unknown, { level, problem }: Answer): void {
    const fields = { err, code: problem.code, status: problem.status };
    const message = 'request failed';
    if (level === 'error') this.logger.error(fields, message);
    else if (level === 'warn') this.logger.warn(fields, message);
    else if (level === 'info') this.logger.log(fields, message);
    else this.logger.debug(fields, message);
  }
}

function send({ problem, retryAfterSeconds }: Answer, request: Request, response: Response): void {
  if (retryAfterSeconds !== undefined) response.setHeader('Retry-After', String(retryAfterSeconds));
  if (isRemoteWrite(request.originalUrl)) {
    sendLine(response, problem.status, problem.detail ?? problem.title);
  } else {
    const instance = typeof request.id === 'string' ? { instance: request.id } : {};
    response.status(problem.status);
    response.setHeader('Content-Type', PROBLEM_JSON);
    response.end(JSON.stringify({ ...problem, ...instance }));
  }
  // What is left of the body is read and thrown away, so that the connection can be used again.
  if (!request.readableEnded) request.resume();
}
