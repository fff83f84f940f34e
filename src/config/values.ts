import { z } from 'zod';
import { formatByteSize, parseByteSize } from '../common/byte-size.js';
import { formatDuration, parseDuration } from '../common/duration.js';
import type { Kind } from './setting.js';

/** Any text of 1 to `maxLength` characters; a number in a YAML file is taken as its text. */
export function text(maxLength = 1_024): Kind<string> {
  const schema = z.union([z.string(), z.number().transform(String)]).pipe(z.string().trim().min(1).max(maxLength));
  return { schema, allowed: `text of 1 to ${maxLength} characters` };
}

/** Text that matches `pattern`; `allowed` says in words what that is. */
export function textMatching(pattern: RegExp, allowed: string): Kind<string> {
  const schema = z.union([z.string(), z.number().transform(String)]).pipe(z.string().trim().regex(pattern));
  return { schema, allowed };
}

/** A whole number within the bounds, both included. */
export function integer(min: number, max: number): Kind<number> {
  const digits = z
    .string()
    .trim()
    .regex(/^-?\d+$/)
    .transform(Number);
  const schema = z.union([z.number(), digits]).pipe(z.number().int().min(min).max(max));
  return { schema, allowed: `a whole number from ${min} to ${max}` };
}

/** One of the listed words. */
export function choice<const T extends string>(...words: readonly T[]): Kind<T> {
  const schema = z.string().trim().toLowerCase().pipe(z.enum(words));
  return { schema, allowed: `one of ${words.join(', ')}` };
}

/** A duration in Prometheus' notation within the bounds (ms, both included); its value is in milliseconds. */
export function duration(min: number, max: number): Kind<number> {
  const schema = z
    .union([z.string(), z.literal(0).transform(String)])
    .transform((value) => parseDuration(value.trim()) ?? Number.NaN)
    .pipe(z.number().min(min).max(max));
  return { schema, allowed: `a duration from ${formatDuration(min)} to ${formatDuration(max)}, e.g. 20s or 1h30m` };
}

/** A size within the bounds (bytes, both included); its value is in bytes. */
export function byteSize(min: number, max: number): Kind<number> {
  const schema = z
    .union([z.string(), z.number().transform(String)])
    .transform((value) => parseByteSize(value.trim()) ?? Number.NaN)
    .pipe(z.number().min(min).max(max));
  return {
    schema,
    allowed: `a size from ${formatByteSize(min)} to ${formatByteSize(max)}, e.g. 512KiB, 32MiB or plain bytes`,
  };
}

/** A comma-separated list, or a list in a YAML file, of distinct items that all match `pattern`. */
export function list(pattern: RegExp, itemsAllowed: string): Kind<readonly string[]> {
  const split = z.string().transform((value) => value.split(',').filter((item) => item.trim() !== ''));
  const items = z
    .array(z.string().trim().regex(pattern))
    .max(100)
    .transform((all) => [...new Set(all)]);
  return {
    schema: z.union([z.array(z.string()), split]).pipe(items),
    allowed: `a comma-separated list of at most 100 ${itemsAllowed}`,
  };
}

/** A PostgreSQL connection URL. */
export function postgresUrl(): Kind<string> {
  const schema = z
    .string()
    .trim()
    .pipe(z.url({ protocol: /^postgres(ql)?$/, hostname: /./ }));
  return { schema, allowed: 'a URL such as postgres://user:password@host:5432/database' };
}
