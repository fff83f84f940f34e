/** One label of a series or an alert. */
export interface Label {
  readonly name: string;
  readonly value: string;
}

/** The label that carries a series' metric name. */
export const METRIC_NAME = '__name__';

/**
 * Orders strings by code point, which is the order of their UTF-8 bytes. JavaScript's `<` orders by UTF-16 units and
 * differs for characters beyond the basic plane. (Remote Write 1.0: labels are sorted by name.)
 */
export function compareCodePoints(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return codePointRank(x) - codePointRank(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above every other unit, so they sort last. */
function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** A copy sorted by name, without labels of empty value: an empty value means the label is absent. (Prometheus data model.) */
export function canonicalLabels(labels: Iterable<Label>): Label[] {
  return [...labels].filter((label) => label.value !== '').sort((a, b) => compareCodePoints(a.name, b.name));
}
