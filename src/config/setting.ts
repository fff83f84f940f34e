import type { z } from 'zod';

/** How one sort of value is read and what it may be. */
export interface Kind<T> {
  /** Reads text (environment, flags, defaults) or a YAML/JSON value (configuration file). */
  readonly schema: z.ZodType<T>;
  /** What is allowed, as the end of the sentence "allowed: …". */
  readonly allowed: string;
  /** True when the schema's own messages say more than `allowed`; such messages never repeat the value. */
  readonly detailed?: boolean;
}

/** One thing an operator can set. Its file key is `env` in lower case, its flag the same with dashes. */
export interface Setting<T> {
  /** Name in the environment. */
  readonly env: string;
  readonly kind: Kind<T>;
  /** As an operator would write it; undefined means unset. */
  readonly default: string | undefined;
  /** Sentences for the documentation. */
  readonly description: string;
  /** A secret's value is never printed. */
  readonly secret: boolean;
}

/** The settings of one section, by the name the code uses. */
export type Settings = Readonly<Record<string, Setting<unknown>>>;

/** The values that a section's settings yield. */
export type ValuesOf<S extends Settings> = { readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never };

interface SettingOptions {
  description: string;
  secret?: boolean;
}

/** Declares a setting that always has a value. */
export function setting<T>(env: string, kind: Kind<T>, defaultText: string, options: SettingOptions): Setting<T> {
  return { env, kind, default: defaultText, description: options.description, secret: options.secret ?? false };
}

/** Declares a setting that is undefined unless the operator sets it. */
export function optionalSetting<T>(env: string, kind: Kind<T>, options: SettingOptions): Setting<T | undefined> {
  return { env, kind, default: undefined, description: options.description, secret: options.secret ?? false };
}

/** The setting's key in a configuration file, e.g. `cache_refresh_interval`. */
export function fileKeyOf(env: string): string {
  return env.toLowerCase();
}

/** The setting's command-line flag without the leading dashes, e.g. `cache-refresh-interval`. */
export function flagOf(env: string): string {
  return env.toLowerCase().replaceAll('_', '-');
}
