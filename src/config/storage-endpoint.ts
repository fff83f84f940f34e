import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import type { Kind } from './setting.js';

/** One storage that takes remote write, and how to reach it. Files are read by the sender, so that rotated secrets take effect. */
export interface StorageEndpointConfig {
  /** http or https, without user information. */
  readonly url: string;
  readonly basicAuth?: { readonly username: string; readonly password?: string; readonly passwordFile?: string };
  readonly bearerToken?: string;
  readonly bearerTokenFile?: string;
  /** Sent with every request, e.g. `X-Scope-OrgID`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tls?: StorageTlsConfig;
}

/** PEM files and checks of a TLS connection. */
export interface StorageTlsConfig {
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly serverName?: string;
  readonly insecureSkipVerify: boolean;
}

/** Headers that the sender itself sets. */
const OWN_HEADERS: readonly string[] = [
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'host',
  'transfer-encoding',
  'x-prometheus-remote-write-version',
];

const filled = z.string().min(1);

const httpUrl = z
  .string()
  .trim()
  .refine(isHttpUrl, { error: 'must be an http or https URL without a fragment', abort: true });

const basicAuth = z
  .strictObject({ username: filled, password: filled.optional(), password_file: filled.optional() })
  .refine((auth) => (auth.password === undefined) !== (auth.password_file === undefined), {
    error: 'needs exactly one of password and password_file',
  });

const tls = z
  .strictObject({
    ca_file: filled.optional(),
    cert_file: filled.optional(),
    key_file: filled.optional(),
    server_name: filled.optional(),
    insecure_skip_verify: z.boolean().default(false),
  })
  .refine((value) => (value.cert_file === undefined) === (value.key_file === undefined), {
    error: 'needs cert_file and key_file together',
  });

const headers = z
  .record(z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/), z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/))
  .refine((value) => !Object.keys(value).some((name) => OWN_HEADERS.includes(name.toLowerCase())), {
    error: `must not set ${OWN_HEADERS.join(', ')}`,
  });

const endpoint = z
  .strictObject({
    url: httpUrl,
    basic_auth: basicAuth.optional(),
    bearer_token: filled.optional(),
    bearer_token_file: filled.optional(),
    headers: headers.default({}),
    tls: tls.optional(),
  })
  .refine((value) => credentialCount(value) <= 1, {
    error:
      'takes at most one of user information in the URL, basic_auth, bearer_token, bearer_token_file and an Authorization header',
  })
  .transform(toEndpoint);

/** An endpoint as operators write it. */
interface WrittenEndpoint {
  url: string;
  basic_auth?: z.output<typeof basicAuth> | undefined;
  bearer_token?: string | undefined;
  bearer_token_file?: string | undefined;
  headers: Record<string, string>;
  tls?: z.output<typeof tls> | undefined;
}

/** Comma-separated URLs (or a list of them in a YAML file); user information in a URL means Basic authentication. */
export function storageUrls(): Kind<readonly StorageEndpointConfig[]> {
  const split = z.string().transform((value) => value.split(',').filter((url) => url.trim() !== ''));
  const urls = z.array(httpUrl.transform((url) => toEndpoint({ url, headers: {} })));
  return {
    schema: z.union([z.array(z.string()), split]).pipe(urls),
    allowed: 'comma-separated http or https URLs; user:password@ in a URL means Basic authentication',
  };
}

/** A list of endpoints with credentials, headers and TLS, as YAML or JSON. */
export function storageEndpoints(): Kind<readonly StorageEndpointConfig[]> {
  const document = z.string().transform((text, context): unknown => {
    try {
      return parseYaml(text);
    } catch {
      context.addIssue({ code: 'custom', message: 'is not valid YAML or JSON' });
      return z.NEVER;
    }
  });
  return {
    schema: z.union([z.array(z.unknown()), document]).pipe(z.array(endpoint)),
    allowed:
      'a YAML or JSON list of {url, basic_auth: {username, password | password_file}, bearer_token | bearer_token_file, headers: {}, tls: {ca_file, cert_file, key_file, server_name, insecure_skip_verify}}',
    detailed: true,
  };
}

/** The files that an endpoint names, to check at start that they can be read. */
export function filesOf(endpointConfig: StorageEndpointConfig): readonly string[] {
  const { basicAuth: basic, bearerTokenFile, tls: connection } = endpointConfig;
  const files = [basic?.passwordFile, bearerTokenFile, connection?.caFile, connection?.certFile, connection?.keyFile];
  return files.filter((file) => file !== undefined);
}

function isHttpUrl(value: string): boolean {
  const url = URL.parse(value);
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:') && url.hash === '' && isDecodable(url);
}

function isDecodable({ username, password }: URL): boolean {
  try {
    decodeURIComponent(username + password);
    return true;
  } catch {
    return false;
  }
}

function credentialCount(value: WrittenEndpoint): number {
  const given = [
    new URL(value.url).username !== '',
    value.basic_auth !== undefined,
    value.bearer_token !== undefined,
    value.bearer_token_file !== undefined,
    Object.keys(value.headers).some((name) => name.toLowerCase() === 'authorization'),
  ];
  return given.filter(Boolean).length;
}

function toEndpoint(value: WrittenEndpoint): StorageEndpointConfig {
  const url = new URL(value.url);
  const inUrl =
    url.username === ''
      ? undefined
      : { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  url.username = '';
  url.password = '';
  const written = value.basic_auth;
  const separate = written && {
    username: written.username,
    password: written.password,
    passwordFile: written.password_file,
  };
  return {
    url: url.href,
    basicAuth: inUrl ?? separate,
    bearerToken: value.bearer_token,
    bearerTokenFile: value.bearer_token_file,
    headers: value.headers,
    tls: value.tls && toTls(value.tls),
  };
}

function toTls(value: z.output<typeof tls>): StorageTlsConfig {
  return {
    caFile: value.ca_file,
    certFile: value.cert_file,
    keyFile: value.key_file,
    serverName: value.server_name,
    insecureSkipVerify: value.insecure_skip_verify,
  };
}
