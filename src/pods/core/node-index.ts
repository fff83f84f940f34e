import type { NodeRow } from './inventory-rows.js';
import type { StampReads, Touched } from './stamps.js';

/** Finds nodes by what exporters call them. */
export class NodeIndex {
  private readonly rows = new Map<string, NodeRow>();
  private readonly byAlias = new Map<string, Set<string>>();

  constructor(private readonly stamps: Touched) {}

  get size(): number {
    return this.rows.size;
  }

  upsert(row: NodeRow): void {
    const old = this.rows.get(row.name);
    if (old !== undefined) {
      if (sameNode(old, row)) return;
      this.unlink(old);
    }
    this.rows.set(row.name, row);
    for (const alias of aliases(row)) {
      const names = this.byAlias.get(alias) ?? new Set<string>();
      this.byAlias.set(alias, names.add(row.name));
      this.stamps.touch('node', alias);
    }
  }

  prune(before: number): void {
    for (const row of this.rows.values()) {
      if (row.removedAt !== null && row.removedAt < before) {
        this.unlink(row);
        this.rows.delete(row.name);
      }
    }
  }

  /** Exact name first, then address, then short name or FQDN; an alias of several live nodes names none. */
  find(label: string, reads: StampReads): string | undefined {
    reads.read('node', label);
    if (this.rows.has(label)) return label;
    return this.only(label) ?? this.findByShortName(label, reads);
  }

  /** Tells what this index answers otherwise than the other; called both ways. Yields after each row. */
  *differences(other: NodeIndex, touched: Touched): Generator<void> {
    for (const row of this.rows.values()) {
      const twin = other.rows.get(row.name);
      if (twin === undefined || !sameNode(twin, row)) for (const alias of aliases(row)) touched.touch('node', alias);
      yield;
    }
  }

  private findByShortName(label: string, reads: StampReads): string | undefined {
    const short = shortName(label);
    if (short === label) return undefined;
    reads.read('node', short);
    // `a.example` is not `a.other`: the short form of an FQDN may only name a node known by its short name.
    return this.rows.has(short) ? short : undefined;
  }

  private only(alias: string): string | undefined {
    const names = this.byAlias.get(alias);
    if (names === undefined) return undefined;
    const live = [...names].filter((name) => this.rows.get(name)?.removedAt === null);
    const candidates = live.length > 0 ? live : [...names];
    return candidates.length === 1 ? candidates[0] : undefined;
  }

  private unlink(row: NodeRow): void {
    for (const alias of aliases(row)) {
      const names = this.byAlias.get(alias);
      names?.delete(row.name);
      if (names?.size === 0) this.byAlias.delete(alias);
      this.stamps.touch('node', alias);
    }
  }
}

function aliases(row: NodeRow): Set<string> {
  return new Set([row.name, shortName(row.name), ...row.addresses]);
}

/** Host part of an FQDN; addresses stay whole. */
function shortName(name: string): string {
  const dot = name.indexOf('.');
  return dot <= 0 || /^[\d.]+$/.test(name) ? name : name.slice(0, dot);
}

function sameNode(a: NodeRow, b: NodeRow): boolean {
  return (
    a.name === b.name &&
    a.removedAt === b.removedAt &&
    a.addresses.length === b.addresses.length &&
    a.addresses.every((address, i) => address === b.addresses[i])
  );
}
