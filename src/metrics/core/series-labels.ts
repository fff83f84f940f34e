import { METRIC_NAME, type Label } from '../../common/label-set.js';

/** The labels of one series by name; labels with empty values are absent, as the data model says. */
export class SeriesLabels {
  private readonly values = new Map<string, string>();

  constructor(labels: Iterable<Label>) {
    for (const { name, value } of labels) if (value !== '') this.values.set(name, value);
  }

  get metricName(): string {
    return this.values.get(METRIC_NAME) ?? '';
  }

  get(name: string): string | undefined {
    return this.values.get(name);
  }

  /** The first of the names that is present, with its value. */
  first(names: readonly string[]): Label | undefined {
    for (const name of names) {
      const value = this.values.get(name);
      if (value !== undefined) return { name, value };
    }
    return undefined;
  }

  entries(): IterableIterator<[string, string]> {
    return this.values.entries();
  }
}

/** Host part of `host:port`, `[v6]:port` or a bare host. */
export function hostOf(address: string): string {
  if (address.startsWith('[')) {
    const end = address.indexOf(']');
    return end < 0 ? address : address.slice(1, end);
  }
  const colon = address.indexOf(':');
  return colon < 0 || colon !== address.lastIndexOf(':') ? address : address.slice(0, colon);
}
