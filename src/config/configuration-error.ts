/** Where a value came from. */
export type Layer = 'default' | 'file' | 'environment' | 'flag';

/** One thing that is wrong with the configuration. */
export interface ConfigurationProblem {
  /** The setting, key or flag as the operator knows it. */
  readonly setting: string;
  readonly layer?: Layer;
  /** The value as given; a secret's is masked. */
  readonly value?: string;
  /** What is wrong or what is allowed, in words. */
  readonly message: string;
}

/** The configuration cannot be used; `problems` lists everything that is wrong, not only the first thing. */
export class ConfigurationError extends Error {
  constructor(readonly problems: readonly ConfigurationProblem[]) {
    super(
      `The configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n${problems.map(describe).join('\n')}`,
    );
    this.name = 'ConfigurationError';
  }
}

function describe({ setting, layer, value, message }: ConfigurationProblem): string {
  const given = value === undefined ? '' : ` = ${value}`;
  const from = layer === undefined ? '' : ` (${layer})`;
  return `  ${setting}${given}${from}: ${message}`;
}
