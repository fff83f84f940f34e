/**
 * A map from a key to several values. Most keys have one value, which is kept without a set around it: with 100,000 pods the
 * sets would take more memory than the pods.
 */
export class MultiMap {
  private readonly entries = new Map<string, string | Set<string>>();

  /** Empty for a key that is not there. Not to be kept: it may or may not follow later changes. */
  get(key: string): Iterable<string> {
    const entry = this.entries.get(key);
    if (entry === undefined) return NONE;
    return typeof entry === 'string' ? [entry] : entry;
  }

  has(key: string): boolean {
    return this.entries.has(key);
  }

  includes(key: string, value: string): boolean {
    const entry = this.entries.get(key);
    return typeof entry === 'object' ? entry.has(value) : entry === value;
  }

  count(key: string): number {
    const entry = this.entries.get(key);
    if (entry === undefined) return 0;
    return typeof entry === 'string' ? 1 : entry.size;
  }

  link(key: string, value: string): void {
    const entry = this.entries.get(key);
    if (entry === undefined) this.entries.set(key, value);
    else if (typeof entry === 'object') entry.add(value);
    else if (entry !== value) this.entries.set(key, new Set([entry, value]));
  }

  unlink(key: string, value: string): void {
    const entry = this.entries.get(key);
    if (entry === value) this.entries.delete(key);
    if (typeof entry !== 'object') return;
    entry.delete(value);
    if (entry.size === 0) this.entries.delete(key);
  }

  delete(key: string): void {
    this.entries.delete(key);
  }
}

const NONE: readonly string[] = [];
