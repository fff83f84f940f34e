import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor, type Type } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { Reflector } from '@nestjs/core';
import { getMetadataStorage } from 'class-validator';
import type { Request } from 'express';
import type { Observable } from 'rxjs';
import { InvalidRequest } from '../common/domain-error.js';
import { shownValue } from '../common/shown-value.js';
import { ANY_QUERY_KEY } from './any-query.decorator.js';

/** The parameters that a route reads; undefined when it takes any. */
type KnownNames = ReadonlySet<string> | undefined;
type Handler = ReturnType<ExecutionContext['getHandler']>;

/**
 * Refuses query parameters that the route does not read: a misspelt filter would be answered with everything. What a route
 * reads is told by its `@Query` arguments; `@AnyQuery()` leaves it alone.
 */
@Injectable()
export class KnownQueryInterceptor implements NestInterceptor {
  private readonly known = new WeakMap<Handler, { readonly names: KnownNames }>();

  constructor(private readonly reflector: Reflector) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { url, query } = context.switchToHttp().getRequest<Request>();
    if (url.includes('?')) refuseUnknown(query, this.namesOf(context));
    return next.handle();
  }

  private namesOf(context: ExecutionContext): KnownNames {
    const handler = context.getHandler();
    let entry = this.known.get(handler);
    if (entry === undefined) {
      const isAny = this.reflector.getAllAndOverride<boolean | undefined>(ANY_QUERY_KEY, [handler, context.getClass()]);
      entry = { names: isAny === true ? undefined : readNames(context.getClass(), handler.name) };
      this.known.set(handler, entry);
    }
    return entry.names;
  }
}

function refuseUnknown(query: Readonly<Record<string, unknown>>, known: KnownNames): void {
  if (known === undefined) return;
  const unknown = Object.entries(query).filter(([name]) => !known.has(name));
  if (unknown.length === 0) return;
  const allowed = known.size === 0 ? 'none' : [...known].join(', ');
  const errors = unknown.map(([field, value]) => ({
    field: String(shownValue(field)),
    message: `is not a query parameter of this route, which takes ${allowed}`,
    value: shownValue(value),
  }));
  const names = errors.map(({ field }) => field).slice(0, 5);
  throw new InvalidRequest(`Unknown query parameter: ${names.join(', ')}. This route takes ${allowed}.`, { errors });
}

/** The names that the arguments of the method read, of single parameters and of classes; undefined when one takes all. */
function readNames(controller: Type, method: string): KnownNames {
  const declared = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, method) ?? {}) as Record<
    string,
    { index: number; data?: unknown }
  >;
  const types = Reflect.getMetadata('design:paramtypes', controller.prototype as object, method) as Type[] | undefined;
  const names = Object.entries(declared)
    .filter(([key]) => key.startsWith(`${RouteParamtypes.QUERY}:`))
    .map(([, { index, data }]) => (typeof data === 'string' ? [data] : propertiesOf(types?.[index])));
  const lists = names.filter((list) => list !== undefined);
  return lists.length < names.length ? undefined : new Set(lists.flat().sort());
}

/** The checked properties of a query class; undefined for a type without any, such as a record. */
function propertiesOf(type: Type | undefined): string[] | undefined {
  if (type === undefined) return undefined;
  const properties = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  return properties.length === 0 ? undefined : properties.map(({ propertyName }) => propertyName);
}
