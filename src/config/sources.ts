import { parseArgs } from 'node:util';
import { parse as parseYaml } from 'yaml';
import type { ConfigurationProblem } from './configuration-error.js';
import { nearest } from './nearest.js';
import { allSettings } from './sections.js';
import { fileKeyOf, flagOf } from './setting.js';

/** Values of one layer by setting name, and what was wrong with reading them. */
export interface Source {
  readonly values: ReadonlyMap<string, unknown>;
  readonly problems: readonly ConfigurationProblem[];
}

/** The command line: settings, the configuration file, and what is asked for instead of a start. */
export interface Flags extends Source {
  readonly configPath: string | undefined;
  readonly help: boolean;
  readonly version: boolean;
}

const SWITCHES = ['help', 'version'] as const;

/** Reads `--setting value` and `--setting=value`; the last one wins. Never throws: what it cannot use is a problem. */
export function readFlags(argv: readonly string[]): Flags {
  const envOf = new Map(allSettings.map(({ env }) => [flagOf(env), env]));
  const strings = [...envOf.keys(), 'config'].map((name) => [name, { type: 'string' as const }]);
  const switches = SWITCHES.map((name) => [name, { type: 'boolean' as const }]);
  const options = Object.fromEntries([...strings, ...switches]) as Record<string, { type: 'string' | 'boolean' }>;
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true });

  const given = new Map<string, string>();
  const problems: ConfigurationProblem[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') problems.push({ setting: token.value, layer: 'flag', message: 'is not a flag' });
    if (token.kind !== 'option') continue;
    const problem = flagProblem(token, options);
    if (problem === undefined) given.set(token.name, token.value ?? '');
    else problems.push({ setting: token.rawName, layer: 'flag', message: problem });
  }
  const values = new Map([...given].flatMap(([name, value]) => pairOf(envOf.get(name), value)));
  return { values, problems, configPath: given.get('config'), help: given.has('help'), version: given.has('version') };
}

/** The environment's values; an empty one counts as unset, names that are no settings are other programs'. */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): Source {
  const values = allSettings.flatMap(({ env: name }) => pairOf(name, env[name] === '' ? undefined : env[name]));
  return { values: new Map(values), problems: [] };
}

/** Reads the configuration file, YAML or JSON: one mapping of setting names in lower or upper case. */
export function readConfigFile(path: string, readFile: (path: string) => string): Source {
  let document: unknown;
  try {
    document = parseYaml(readFile(path));
  } catch (error) {
    return { values: new Map(), problems: [{ setting: path, layer: 'file', message: firstLine(error) }] };
  }
  if (document === null || document === undefined) return { values: new Map(), problems: [] };
  if (typeof document !== 'object' || Array.isArray(document)) {
    return {
      values: new Map(),
      problems: [{ setting: path, layer: 'file', message: 'must hold one mapping of settings' }],
    };
  }
  return readDocument(document);
}

function readDocument(document: object): Source {
  const envOf = new Map(allSettings.flatMap(({ env }) => [[fileKeyOf(env), env] as const, [env, env] as const]));
  const values = new Map<string, unknown>();
  const problems: ConfigurationProblem[] = [];
  for (const [key, value] of Object.entries(document) as [string, unknown][]) {
    const env = envOf.get(key);
    if (env === undefined) {
      problems.push({ setting: key, layer: 'file', message: `is not a setting${didYouMean(key, [...envOf.keys()])}` });
    } else if (values.has(env)) {
      problems.push({ setting: key, layer: 'file', message: `is given twice, as ${fileKeyOf(env)} and ${env}` });
    } else if (value !== null) {
      values.set(env, value);
    }
  }
  return { values, problems };
}

interface OptionToken {
  name: string;
  rawName: string;
  value?: string | undefined;
  inlineValue?: boolean | undefined;
}

function flagProblem(token: OptionToken, options: Readonly<Record<string, { type: string }>>): string | undefined {
  if (!Object.hasOwn(options, token.name)) {
    return `is not a flag${didYouMean(
      token.rawName,
      Object.keys(options).map((name) => `--${name}`),
    )}`;
  }
  const isSwitch = options[token.name]?.type === 'boolean';
  if (isSwitch) return token.value === undefined ? undefined : 'takes no value';
  const looksLikeFlag = token.inlineValue !== true && token.value?.startsWith('--') === true;
  return token.value === undefined || token.value === '' || looksLikeFlag ? 'needs a value' : undefined;
}

function pairOf<T>(name: string | undefined, value: T | undefined): [string, T][] {
  return name === undefined || value === undefined ? [] : [[name, value]];
}

function didYouMean(word: string, known: readonly string[]): string {
  const match = nearest(word, known);
  return match === undefined ? '' : `; did you mean ${match}?`;
}

function firstLine(error: unknown): string {
  return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
}
