import type { FieldProblem } from '../../common/domain-error.js';
import { shownValue } from '../../common/shown-value.js';
import { readInstant } from './instant.js';

/** Problems told in one answer; a body with more is as wrong with the first ones. */
export const MAX_PROBLEMS = 50;

/** Longest names, namespaces, uids and addresses; Kubernetes' own limit is 253. */
export const MAX_NAME = 512;

/** A field of an object in a request body. The path is put together only when there is something to say about it. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Checks values of a request body by hand: a body may hold 100,000 objects, for which decorators are far too slow.
 * Collects the first {@link MAX_PROBLEMS} problems.
 */
export class BodyCheck {
  readonly problems: FieldProblem[] = [];

  get isFull(): boolean {
    return this.problems.length >= MAX_PROBLEMS;
  }

  fail(field: string, message: string, value?: unknown, limit?: number | string): void {
    if (this.isFull) return;
    const problem: FieldProblem = { field, message };
    if (value !== undefined) problem.value = shownValue(value);
    if (limit !== undefined) problem.limit = limit;
    this.problems.push(problem);
  }

  object(value: unknown, path: string): JsonObject | undefined {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
    this.fail(path, 'must be an object', value);
    return undefined;
  }

  /** An absent or null list is empty. */
  list(from: JsonObject, name: string, path: string): readonly unknown[] {
    const value = from[name];
    if (value === undefined || value === null) return [];
    if (Array.isArray(value)) return value;
    this.fail(at(path, name), 'must be an array', value);
    return [];
  }

  /** A text that has to be there. Returns an empty one after a problem. */
  name(from: JsonObject, name: string, path: string): string {
    const value = from[name];
    if (value === undefined || value === null || value === '') {
      this.fail(at(path, name), 'is required: a non-empty string', value ?? undefined);
      return '';
    }
    return this.text(from, name, path) ?? '';
  }

  /** A text that may be absent, null or empty, all of which give null. */
  text(from: JsonObject, name: string, path: string): string | null {
    const value = from[name];
    if (value === undefined || value === null || value === '') return null;
    return this.item(value, at(path, name));
  }

  /** A text in a list. Null after a problem. */
  item(value: unknown, path: string): string | null {
    if (typeof value !== 'string' || value === '') this.fail(path, 'must be a non-empty string', value);
    else if (value.length > MAX_NAME) this.fail(path, 'is too long', value, MAX_NAME);
    // PostgreSQL's text cannot hold the character.
    else if (value.includes('\0')) this.fail(path, 'must not hold the character U+0000', value);
    else if (!value.isWellFormed()) this.fail(path, 'must not hold half of a surrogate pair', value.toWellFormed());
    else return value;
    return null;
  }

  flag(from: JsonObject, name: string, path: string): boolean | null {
    const value = from[name];
    if (value === undefined || value === null) return null;
    if (typeof value === 'boolean') return value;
    this.fail(at(path, name), 'must be true or false', value);
    return null;
  }

  /** A whole number, also as a numeric string. */
  integer(from: JsonObject, name: string, path: string): number | null {
    const value = from[name];
    if (value === undefined || value === null || value === '') return null;
    const number = typeof value === 'string' && /^-?\d{1,10}$/.test(value) ? Number(value) : value;
    if (typeof number === 'number' && Number.isInteger(number) && Math.abs(number) <= 2_147_483_647) return number;
    this.fail(at(path, name), 'must be a whole number', value, 2_147_483_647);
    return null;
  }

  /** A moment in ms since the epoch, or null when there is none. */
  instant(from: JsonObject, name: string, path: string): number | null {
    const value = from[name];
    const instant = readInstant(value);
    if (instant !== undefined) return instant;
    this.fail(at(path, name), 'must be a time: ISO 8601, or s, ms, µs or ns since the epoch', value);
    return null;
  }
}

/** The path of a field below another; the body itself has the empty path. */
export function at(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
