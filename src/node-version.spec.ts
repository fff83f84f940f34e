import { readFileSync } from 'node:fs';
import { nodeProblem, OLDEST_NODE } from './node-version.js';

it('is asked for as package.json does', () => {
  const { engines } = JSON.parse(readFileSync('package.json', 'utf8')) as { engines: { node: string } };
  expect(engines.node).toBe(`>=${OLDEST_NODE}`);
});

it('is a problem below that, told in one line', () => {
  expect(nodeProblem('24.0.0')).toBeUndefined();
  expect(nodeProblem('101.2.3')).toBeUndefined();
  expect(nodeProblem('20.20.2')).toMatch(
    /^Telemetry Processor needs Node 24 or later, this is 20\.20\.2: .*npm start.*$/,
  );
});
