import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension, ApiSecurity } from '@nestjs/swagger';
import type { Role } from '../config/auth-token.js';

/** Metadata key of the roles of a route or controller. */
export const ROLES_KEY = 'auth:roles';
/** Metadata key of a route or controller that anybody may use. */
export const PUBLIC_KEY = 'auth:public';

/** Lets callers in that have any of the roles; `admin` has all of them, `editor` also `viewer`. */
export function Roles(...roles: readonly [Role, ...Role[]]): MethodDecorator & ClassDecorator {
  return applyDecorators(SetMetadata(ROLES_KEY, roles), ApiExtension('x-roles', roles));
}

/** Lets everybody in, without any credentials. */
export function Public(): MethodDecorator & ClassDecorator {
  return applyDecorators(SetMetadata(PUBLIC_KEY, true), ApiSecurity({}));
}
