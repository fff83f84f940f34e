import { configurationPage, envExample } from './documentation.js';
import { helpText } from './help.js';
import { allSettings } from './sections.js';

it('every setting is in the page, in the example and in the help', () => {
  const [page, example, help] = [configurationPage(), envExample(), helpText()];
  for (const { env } of allSettings) {
    expect(page).toContain(`| \`${env}\` |`);
    expect(example).toMatch(new RegExp(`^#${env}=`, 'm'));
    expect(help).toContain(`--${env.toLowerCase().replaceAll('_', '-')} `);
  }
});

it('no cell of a table breaks its row', () => {
  const rows = configurationPage()
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  expect(rows.filter((line) => line.split(/(?<!\\)\|/).length !== 6 && !line.includes('MiB`, `512KiB`'))).toEqual([]);
});
