import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';

/** An object as the chart renders it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Record<string, string> };
  readonly [field: string]: unknown;
}

/** The oldest Kubernetes that the chart promises to work with; the objects may differ by version. */
const KUBERNETES_VERSION = '1.27.0';

const INSTALL =
  'The tests of the chart need helm on PATH: run scripts/install-helm.sh, or see https://helm.sh/docs/intro/install';

export const CHART = join(resolve(import.meta.dirname, '../../..'), 'charts/telemetry-processor');

/** `describe` of tests that render the chart. Without helm they fail under CI and are skipped elsewhere. */
export function describeWithHelm(name: string, tests: () => void): void {
  if (helm(['version', '--short']).status === 0) {
    describe(name, tests);
  } else if (isCi()) {
    it(name, () => {
      throw new Error(INSTALL);
    });
  } else {
    process.stderr.write(`${INSTALL}. They are skipped.\n`);
    describe.skip(name, tests);
  }
}

/** All objects of a release `tp` in the namespace `telemetry`. Throws with what helm said when it refuses the values. */
export function render(values: object): readonly Manifest[] {
  const args = ['template', 'tp', CHART, '--namespace', 'telemetry', '--kube-version', KUBERNETES_VERSION];
  const { status, stdout, stderr } = helm([...args, '--values', '-'], JSON.stringify(values));
  if (status !== 0) throw new Error(stderr);
  return parseAllDocuments(stdout)
    .map((document) => {
      if (document.errors[0] !== undefined) throw document.errors[0];
      return document.toJS() as Manifest | null;
    })
    .filter((manifest) => manifest !== null);
}

/** What `helm lint --strict` finds; empty when all is well. */
export function lint(values: object): string {
  const { status, stdout, stderr } = helm(['lint', CHART, '--strict', '--values', '-'], JSON.stringify(values));
  return status === 0 ? '' : stdout + stderr;
}

function helm(args: readonly string[], input = '') {
  return spawnSync('helm', args, { input, encoding: 'utf8' });
}

function isCi(): boolean {
  return !['', '0', 'false', undefined].includes(process.env['CI']);
}
