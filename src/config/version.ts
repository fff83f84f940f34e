import { existsSync, readFileSync } from 'node:fs';

/** The version of the product, as package.json tells it. */
export const version = readVersion();

/** Sources and compiled files lie at different depths below package.json. */
function readVersion(): string {
  const candidates = ['../../package.json', '../../../package.json'].map((path) => new URL(path, import.meta.url));
  const found = candidates.find((url) => existsSync(url));
  const { version: text = 'unknown' } =
    found === undefined ? {} : (JSON.parse(readFileSync(found, 'utf8')) as { version?: string });
  return text;
}
