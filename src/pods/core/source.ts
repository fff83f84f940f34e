/** Who brings facts into the inventory. */
export type Source = 'inventory' | 'container_event' | 'kubernetes';

/** Sources whose word counts more than the given one's: they keep their facts, and only what they left open is filled in. */
export function strongerThan(source: Source): readonly Source[] {
  switch (source) {
    case 'kubernetes':
      return [];
    case 'inventory':
      return ['kubernetes'];
    case 'container_event':
      return ['kubernetes', 'inventory'];
  }
}
