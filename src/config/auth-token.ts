import { z } from 'zod';
import type { Kind } from './setting.js';

/** What a caller may do: `ingest` sends telemetry, `viewer` reads, `editor` also changes, `admin` may do everything. */
export const ROLES = ['ingest', 'viewer', 'editor', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** A configured caller. */
export interface AuthToken {
  /** Who it is: the user name of Basic authentication, and the name in logs. */
  readonly name: string;
  readonly role: Role;
  readonly secret: string;
}

/** Shortest secret that is accepted, in characters. */
export const MIN_SECRET_LENGTH = 16;

const NAME = /^[A-Za-z0-9._-]{1,64}$/;

/** Either the tokens or what is wrong, entry by entry; the problems never repeat a secret. */
export interface ParsedTokens {
  readonly tokens: readonly AuthToken[];
  readonly problems: readonly string[];
}

/** Reads the contents of a tokens file: one `name:role:secret` a line; blank lines and lines starting with # are skipped. */
export function parseTokensFile(contents: string): ParsedTokens {
  const entries = contents.split(/\r?\n/).map((line, index) => ({ at: `line ${index + 1}`, text: line.trim() }));
  return parseEntries(entries.filter(({ text }) => text !== '' && !text.startsWith('#')));
}

/** Reads `name:role:secret` entries separated by commas or newlines. */
export function parseTokens(value: string): ParsedTokens {
  const entries = value
    .split(/[,\n]/)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  return parseEntries(entries.map((text, index) => ({ at: `entry ${index + 1}`, text })));
}

/** The names that occur more than once, each once. */
export function duplicateNames(tokens: readonly AuthToken[]): readonly string[] {
  const names = tokens.map(({ name }) => name);
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}

/** A list of tokens as one text, or as a list of such texts in a YAML file. */
export function tokenList(): Kind<readonly AuthToken[]> {
  const schema = z
    .union([z.string(), z.array(z.string()).transform((entries) => entries.join('\n'))])
    .transform((value, context) => {
      const { tokens, problems } = parseTokens(value);
      for (const message of problems) context.addIssue({ code: 'custom', message });
      return tokens;
    });
  const allowed = `name:role:secret separated by commas or newlines; role is one of ${ROLES.join(', ')}; a secret has at least ${MIN_SECRET_LENGTH} characters`;
  return { schema, allowed, detailed: true };
}

function parseEntries(entries: readonly { at: string; text: string }[]): ParsedTokens {
  const tokens: AuthToken[] = [];
  const problems: string[] = [];
  for (const { at, text } of entries) {
    const parsed = parseEntry(text);
    if (typeof parsed === 'string') problems.push(`${at}: ${parsed}`);
    else tokens.push(parsed);
  }
  for (const name of duplicateNames(tokens)) problems.push(`the name ${name} is used more than once`);
  return { tokens, problems };
}

function parseEntry(entry: string): AuthToken | string {
  const [name = '', roleText = '', ...rest] = entry.split(':');
  const secret = rest.join(':');
  if (rest.length === 0) return 'not of the form name:role:secret';
  if (!NAME.test(name)) return 'the name must be 1 to 64 of the characters A-Z a-z 0-9 . _ -';
  const role = ROLES.find((known) => known === roleText);
  if (role === undefined) return `the role must be one of ${ROLES.join(', ')}`;
  if (secret.length < MIN_SECRET_LENGTH) return `the secret is shorter than ${MIN_SECRET_LENGTH} characters`;
  return { name, role, secret };
}
