import { readFileSync, writeFileSync } from 'node:fs';
import { configurationPage, envExample } from './documentation.js';

const FILES = [
  { path: 'docs/configuration.md', text: configurationPage() },
  { path: '.env.example', text: envExample() },
];

/** Writes the generated files below the current directory, or with `--check` only tells (exit 1) which are out of date. */
function main(isCheck: boolean): void {
  const stale = FILES.filter(({ path, text }) => read(path) !== text);
  for (const { path, text } of stale) {
    if (!isCheck) writeFileSync(path, text);
    process.stdout.write(`${path} ${isCheck ? 'is out of date: run node dist/src/config/write-docs.js' : 'written'}\n`);
  }
  if (isCheck && stale.length > 0) process.exitCode = 1;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

main(process.argv.includes('--check'));
