import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { ServerResponse } from 'node:http';
import type { Role } from '../config/auth-token.js';
import { AccessDenied, AuthenticationRequired } from './access-error.js';
import { isAllowed } from './allowed-roles.js';
import { Authenticator, type IdentifiedRequest, type Refusal } from './authenticator.js';
import { PUBLIC_KEY, ROLES_KEY } from './roles.decorator.js';

const CHALLENGE = 'Bearer, Basic realm="telemetry-processor"';

/** Asks every route for the role it declares. A route that declares none is closed. */
@Injectable()
export class RolesGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly authenticator: Authenticator,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const places = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC_KEY, places) === true) return true;
    const needed = this.reflector.getAllAndOverride<readonly Role[] | undefined>(ROLES_KEY, places);
    if (needed === undefined) throw new AccessDenied('This route declares no role and is closed.');

    const http = context.switchToHttp();
    const identification = this.authenticator.identify(http.getRequest<IdentifiedRequest>());
    if ('refusal' in identification) throw refuse(identification.refusal, http.getResponse<ServerResponse>());
    const { name, role } = identification.caller;
    if (isAllowed(role, needed)) return true;
    throw new AccessDenied(`The caller ${name} has the role ${role}; this needs ${needed.join(' or ')}.`);
  }
}

function refuse(refusal: Refusal, response: ServerResponse): Error {
  if (refusal === 'not_local') {
    return new AccessDenied('No tokens are configured (AUTH_TOKENS), so only callers on the same machine are let in.');
  }
  if (refusal === 'cross_site') {
    return new AccessDenied(
      'Requests of web pages from elsewhere are refused while no tokens are configured (AUTH_TOKENS).',
    );
  }
  response.setHeader('WWW-Authenticate', CHALLENGE);
  const missing = refusal === 'no_credentials';
  return new AuthenticationRequired(
    missing ? 'Send a Bearer token or Basic credentials.' : 'The credentials are not known.',
  );
}
