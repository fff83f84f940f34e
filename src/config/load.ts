import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { duplicateNames, parseTokensFile, type AuthToken } from './auth-token.js';
import { authSettings } from './auth.config.js';
import { clusterSettings } from './cluster.config.js';
import type { Config } from './config.js';
import { ConfigurationError, type ConfigurationProblem, type Layer } from './configuration-error.js';
import { checkAcross } from './cross-checks.js';
import { databaseSettings } from './database.config.js';
import { httpSettings } from './http.config.js';
import { kubernetesSettings } from './kubernetes.config.js';
import { logsSettings } from './logs.config.js';
import { metricsSettings } from './metrics.config.js';
import { observabilitySettings } from './observability.config.js';
import { podsSettings } from './pods.config.js';
import type { Setting, Settings, ValuesOf } from './setting.js';
import { readConfigFile, readEnvironment, readFlags, type Source } from './sources.js';
import { filesOf } from './storage-endpoint.js';
import { trainingSettings } from './training.config.js';

type ReadFile = (path: string) => string;

/** What the layers hold, the strongest first, and everything found wrong so far. */
interface Reading {
  readonly layers: readonly { readonly layer: Layer; readonly source: Source }[];
  readonly problems: ConfigurationProblem[];
  readonly readFile: ReadFile;
}

/** The configuration of this process: its command line, environment and files. Throws as {@link load}. */
export function loadFromProcess(): Config {
  return load(process.argv.slice(2), process.env, (path) => readFileSync(path, 'utf8'));
}

/**
 * Reads and checks the whole configuration: defaults < file < environment < flags, the later one wins.
 * Throws ConfigurationError with all problems at once.
 */
export function load(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  readFile: ReadFile,
): Config {
  const reading = openSources(argv, env, readFile);
  const config: Config = {
    http: resolve(reading, httpSettings),
    database: resolve(reading, databaseSettings),
    auth: resolveAuth(reading),
    cluster: resolve(reading, clusterSettings),
    observability: resolve(reading, observabilitySettings),
    pods: resolve(reading, podsSettings),
    kubernetes: resolve(reading, kubernetesSettings),
    metrics: resolveMetrics(reading),
    logs: resolve(reading, logsSettings),
    training: resolve(reading, trainingSettings),
  };
  const faulty = new Set(reading.problems.map(({ setting }) => setting));
  const problems = [...reading.problems, ...checkAcross(config, faulty)];
  if (problems.length > 0) throw new ConfigurationError(problems);
  return deepFreeze(config);
}

function openSources(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  readFile: ReadFile,
): Reading {
  const flags = readFlags(argv);
  const environment = readEnvironment(env);
  const path = flags.configPath ?? env['CONFIG_PATH'];
  const file = path === undefined || path === '' ? undefined : readConfigFile(path, readFile);
  const layers = [
    { layer: 'flag' as const, source: flags },
    { layer: 'environment' as const, source: environment },
    ...(file === undefined ? [] : [{ layer: 'file' as const, source: file }]),
  ];
  return { layers, problems: layers.flatMap(({ source }) => source.problems), readFile };
}

function resolve<S extends Settings>(reading: Reading, settings: S): ValuesOf<S> {
  const entries = Object.entries(settings).map(([key, setting]) => [key, resolveSetting(reading, setting)]);
  return Object.fromEntries(entries) as ValuesOf<S>;
}

/** The strongest layer's value; when that is not acceptable, a problem and the default, so that reading can go on. */
function resolveSetting(reading: Reading, setting: Setting<unknown>): unknown {
  const found = reading.layers.find(({ source }) => source.values.has(setting.env));
  const fallback = setting.default === undefined ? undefined : setting.kind.schema.parse(setting.default);
  if (found === undefined) return fallback;
  const value = found.source.values.get(setting.env);
  const result = setting.kind.schema.safeParse(value);
  if (result.success) return result.data;
  reading.problems.push({
    setting: setting.env,
    layer: found.layer,
    value: setting.secret ? '(hidden)' : JSON.stringify(value),
    message: explain(setting, result.error),
  });
  return fallback;
}

function explain({ kind }: Setting<unknown>, { issues }: z.ZodError): string {
  const allowed = `allowed: ${kind.allowed}`;
  if (kind.detailed !== true) return allowed;
  const details = issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`));
  return `${details.join('; ')}; ${allowed}`;
}

function resolveAuth(reading: Reading): Config['auth'] {
  const { mode, tokens = [], tokensFile } = resolve(reading, authSettings);
  const all = [...tokens, ...(tokensFile === undefined ? [] : readTokensFile(reading, tokensFile))];
  const reported = new Set(reading.problems.map(({ setting }) => setting));
  if (!reported.has('AUTH_TOKENS') && !reported.has('AUTH_TOKENS_FILE')) {
    for (const name of duplicateNames(all)) {
      reading.problems.push({ setting: 'AUTH_TOKENS_FILE', message: `the name ${name} is used in AUTH_TOKENS too` });
    }
  }
  return { mode, tokens: all, tokensFile };
}

function readTokensFile(reading: Reading, path: string): readonly AuthToken[] {
  const setting = { setting: 'AUTH_TOKENS_FILE', value: JSON.stringify(path) };
  try {
    const { tokens, problems } = parseTokensFile(reading.readFile(path));
    reading.problems.push(...problems.map((message) => ({ ...setting, message })));
    return tokens;
  } catch (error) {
    reading.problems.push({ ...setting, message: `cannot be read: ${messageOf(error)}` });
    return [];
  }
}

function resolveMetrics(reading: Reading): Config['metrics'] {
  const { remoteWriteUrls = [], remoteWriteEndpoints = [], ...rest } = resolve(reading, metricsSettings);
  for (const file of remoteWriteEndpoints.flatMap(filesOf)) {
    try {
      reading.readFile(file);
    } catch (error) {
      reading.problems.push({
        setting: 'STORAGE_REMOTE_WRITE_ENDPOINTS',
        message: `${file} cannot be read: ${messageOf(error)}`,
      });
    }
  }
  return { ...rest, endpoints: [...remoteWriteUrls, ...remoteWriteEndpoints] };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
