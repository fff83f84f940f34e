import { Inject, Module, type MiddlewareConsumer, type NestModule } from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import type { Request } from 'express';
import { AuthModule } from '../auth/auth.module.js';
import { Authenticator } from '../auth/authenticator.js';
import { HTTP_CONFIG, type HttpConfig } from '../config/http.config.js';
import { PODS_CONFIG, type PodsConfig } from '../config/pods.config.js';
import { bodyRules } from './body-rules.js';
import { bodiesByRule } from './json-body.js';
import { KnownQueryInterceptor } from './known-query.interceptor.js';
import { ProblemFilter } from './problem.filter.js';
import { validationPipe } from './validation.js';

/** What all routes have in common: how queries and bodies are read and checked, and how errors are answered. */
@Module({
  imports: [AuthModule],
  providers: [
    { provide: APP_FILTER, useClass: ProblemFilter },
    { provide: APP_INTERCEPTOR, useClass: KnownQueryInterceptor },
    { provide: APP_PIPE, useFactory: validationPipe },
  ],
})
export class HttpModule implements NestModule {
  constructor(
    @Inject(HTTP_CONFIG) private readonly http: HttpConfig,
    @Inject(PODS_CONFIG) private readonly pods: PodsConfig,
    private readonly authenticator: Authenticator,
  ) {}

  /** The body of a caller who will be refused anyway is not read: it could be large. */
  configure(consumer: MiddlewareConsumer): void {
    const isKnown = (request: Request): boolean => 'caller' in this.authenticator.identify(request);
    consumer.apply(bodiesByRule(bodyRules(this.http, this.pods), isKnown)).forRoutes('{*path}');
  }
}
