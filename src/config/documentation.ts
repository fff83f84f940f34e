import { sections, type Section } from './sections.js';
import { fileKeyOf, flagOf, type Setting } from './setting.js';

const INTRODUCTION = `# Configuration

<!-- Generated from src/config by \`node dist/src/config/write-docs.js\`; changes made here are lost. -->

Every setting has a default and can be set in three more places; a later one wins:

1. the default,
2. a configuration file in YAML or JSON, named by \`--config PATH\` or \`CONFIG_PATH\`: one mapping with the setting's name in
   lower case (\`cache_refresh_interval: 5s\`) or as it is,
3. the environment (\`CACHE_REFRESH_INTERVAL=5s\`); an empty value counts as unset,
4. a command-line flag (\`--cache-refresh-interval 5s\` or \`--cache-refresh-interval=5s\`; with npm: \`npm start -- --port 9000\`).

Everything is checked at start. All problems are printed at once, each with the setting, where its value came from and what is
allowed, and the process exits with 2. Unknown keys of the file and unknown flags are problems too; unknown names in the
environment are not, they belong to other programs. Values of secrets are never printed. A file \`.env\` is not read by itself: load
it with \`npx node --env-file=.env dist/src/main.js\`, or with the shell, the container runtime or the process manager.

| Notation | Examples | Meaning |
| --- | --- | --- |
| duration | \`250ms\`, \`20s\`, \`1h30m\`, \`7d\` | as in Prometheus: ms, s, m, h, d, w, y |
| size | \`32MiB\`, \`512KiB\`, \`1GB\`, \`1048576\` | KiB, MiB, GiB are powers of 1024; KB, MB, GB of 1000; without a unit bytes |
| list | \`node,hostname\` | separated by commas; in a file also a YAML or JSON list |
`;

const ENV_INTRODUCTION = `# Generated from src/config by \`node dist/src/config/write-docs.js\`; docs/configuration.md explains more.
# Every setting with its default. No .env is read by itself: use a copy with \`npx node --env-file=.env dist/src/main.js\`,
# \`docker run --env-file\` or your process manager.
`;

/** The text of docs/configuration.md. */
export function configurationPage(): string {
  return [INTRODUCTION, ...sections.map(table)].join('\n');
}

/** The text of .env.example. */
export function envExample(): string {
  const blocks = sections.map(
    ({ title, settings }) => `# --- ${title} ---\n\n${Object.values(settings).map(envEntry).join('\n')}`,
  );
  return [ENV_INTRODUCTION, ...blocks].join('\n');
}

function table({ title, settings }: Section): string {
  const rows = Object.values(settings).map(row);
  return `## ${title}\n\n| Setting | Default | Allowed | Meaning |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`;
}

function row({ env, default: value, kind, description, secret }: Setting<unknown>): string {
  const meaning = secret ? `${description} Secret.` : description;
  const cells = [`\`${env}\``, value === undefined ? 'unset' : `\`${value}\``, kind.allowed, meaning];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function envEntry(setting: Setting<unknown>): string {
  const { env, default: value = '', kind, description } = setting;
  return `# ${description.replaceAll('`', '')}\n# Allowed: ${kind.allowed}. File: ${fileKeyOf(env)}, flag: --${flagOf(env)}\n#${env}=${value}\n`;
}
