import { METRIC_NAME, type Label } from '../../common/label-set.js';

const PLAIN_METRIC = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const PLAIN_LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** A sample as text exposition shows it; `timestamp` in ms. */
export interface ExposedSample {
  readonly labels: readonly Label[];
  readonly value: number;
  readonly timestamp: number;
}

/**
 * Writes samples, which must be grouped by metric name, in Prometheus' text format. Names with other than the classic
 * characters are written in quotes, as Prometheus 3 reads them. (Prometheus, exposition formats)
 */
export function toExposition(samples: readonly ExposedSample[]): string {
  let text = '';
  let previous: string | undefined;
  for (const { labels, value, timestamp } of samples) {
    const name = labels.find((label) => label.name === METRIC_NAME)?.value ?? '';
    if (name !== previous) text += `# TYPE ${PLAIN_METRIC.test(name) ? name : quote(name)} untyped\n`;
    previous = name;
    text += `${series(name, labels)} ${formatValue(value)} ${timestamp}\n`;
  }
  return text;
}

function series(name: string, labels: readonly Label[]): string {
  const plain = PLAIN_METRIC.test(name);
  const pairs = labels.filter((label) => label.name !== METRIC_NAME).map(pair);
  const inside = plain ? pairs : [quote(name), ...pairs];
  return (plain ? name : '') + (inside.length === 0 ? '' : `{${inside.join(',')}}`);
}

function pair({ name, value }: Label): string {
  return `${PLAIN_LABEL.test(name) ? name : quote(name)}=${quote(value)}`;
}

function quote(text: string): string {
  return `"${text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')}"`;
}

function formatValue(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return Object.is(value, -0) ? '-0' : String(value);
}
