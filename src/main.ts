import { nodeProblem } from './node-version.js';

const problem = nodeProblem(process.versions.node);
if (problem === undefined) {
  // Loaded only now: an older Node fails while it links the rest, with an error that does not say why.
  await import('./run.js');
} else {
  process.stderr.write(`${problem}\n`);
  process.exit(1);
}
