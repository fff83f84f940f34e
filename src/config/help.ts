import { sections } from './sections.js';
import { flagOf, type Setting } from './setting.js';

/** What `--help` prints. */
export function helpText(): string {
  const groups = sections.map(({ title, settings }) => `${title}:\n${Object.values(settings).map(line).join('\n')}`);
  return [
    'Usage: telemetry-processor [--config PATH] [--SETTING VALUE]...',
    '',
    'Every setting can be given as a flag, in the environment (HOST, PORT, ...) or in a YAML or JSON file.',
    'Flags win over the environment, which wins over the file.',
    '',
    groups.join('\n\n'),
    '',
    'Other:',
    '  --config PATH  Configuration file (also CONFIG_PATH).',
    '  --help         Prints this.',
    '  --version      Prints the version.',
    '',
  ].join('\n');
}

function line({ env, default: value, description }: Setting<unknown>): string {
  const plain = description.replaceAll('`', '');
  return `  --${flagOf(env)}  ${plain}${value === undefined ? '' : ` [${value}]`}`;
}
