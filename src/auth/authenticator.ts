import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { isLoopback } from '../common/loopback.js';
import type { AuthConfig } from '../config/auth.config.js';
import type { Role } from '../config/auth-token.js';

/** Who calls. */
export interface Caller {
  /** Name of the token, `local` for a caller on the same machine, `anonymous` when authentication is off. */
  readonly name: string;
  readonly role: Role;
}

/** Why nobody is known behind a request. */
export type Refusal = 'no_credentials' | 'wrong_credentials' | 'not_local' | 'cross_site';

/** The caller of a request, or why there is none. */
export type Identification = { readonly caller: Caller } | { readonly refusal: Refusal };

/** A request that may carry what the authenticator found out. */
export type IdentifiedRequest = IncomingMessage & { identification?: Identification };

interface KnownToken {
  readonly caller: Caller;
  readonly digest: Buffer;
}

interface Credentials {
  /** Undefined for a Bearer token, which tells no name. */
  readonly name: string | undefined;
  readonly secret: string;
}

/** Tells who calls, by the configured tokens or, when there are none, by where the caller is. */
export class Authenticator {
  private readonly tokens: readonly KnownToken[];
  private readonly mode: 'tokens' | 'local' | 'none';

  constructor(config: AuthConfig) {
    this.tokens = config.tokens.map(({ name, role, secret }) => ({ caller: { name, role }, digest: digestOf(secret) }));
    const automatic = config.tokens.length > 0 ? 'tokens' : 'local';
    this.mode = config.mode === 'auto' ? automatic : config.mode;
  }

  /** Identifies the request's caller once; later calls give the same answer. */
  identify(request: IdentifiedRequest): Identification {
    request.identification ??= this.decide(request);
    return request.identification;
  }

  private decide(request: IncomingMessage): Identification {
    if (this.mode === 'none') return { caller: { name: 'anonymous', role: 'admin' } };
    return this.mode === 'local' ? decideByOrigin(request) : this.decideByToken(request.headers.authorization);
  }

  private decideByToken(header: string | undefined): Identification {
    if (header === undefined) return { refusal: 'no_credentials' };
    const credentials = parseAuthorization(header);
    if (credentials === undefined) return { refusal: 'wrong_credentials' };
    const digest = digestOf(credentials.secret);
    // Every token is compared, whatever was found before, so that the time taken tells nothing about the tokens.
    const matches = this.tokens.filter((token) => {
      const named = credentials.name === undefined || credentials.name === token.caller.name;
      return timingSafeEqual(token.digest, digest) && named;
    });
    const caller = matches[0]?.caller;
    return caller === undefined ? { refusal: 'wrong_credentials' } : { caller };
  }
}

/**
 * Without tokens only this machine may call. A web page open in a browser on this machine is not this machine's user:
 * it is told by Sec-Fetch-Site, or by a Host that is a name of its own pointing here (DNS rebinding).
 */
function decideByOrigin(request: IncomingMessage): Identification {
  if (!isLoopback(request.socket.remoteAddress ?? '')) return { refusal: 'not_local' };
  if (request.headers['sec-fetch-site'] === 'cross-site') return { refusal: 'cross_site' };
  const host = hostName(request.headers.host);
  return host === '' || isLoopback(host) || isIP(host) !== 0
    ? { caller: { name: 'local', role: 'admin' } }
    : { refusal: 'cross_site' };
}

function hostName(host = ''): string {
  return host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}

function parseAuthorization(header: string): Credentials | undefined {
  const [, scheme = '', value = ''] = /^(\S+) +(\S.*?)\s*$/.exec(header) ?? [];
  if (scheme.toLowerCase() === 'bearer') return { name: undefined, secret: value };
  if (scheme.toLowerCase() !== 'basic') return undefined;
  const decoded = Buffer.from(value, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return colon < 0 ? undefined : { name: decoded.slice(0, colon), secret: decoded.slice(colon + 1) };
}

function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
