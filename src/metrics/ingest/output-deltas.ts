import { SnappyDelta } from '../../wire/snappy-delta.js';
import { WORD } from '../../wire/snappy-block-writer.js';
import type { SeriesCache } from './series-cache.js';
import type { SeriesEntry } from './series-entry.js';

/** Encodings made for one output before it is left to the native codec: senders without a fixed order would fill the cache. */
const MAX_DELTAS = 8;

/**
 * Keeps, for outputs that follow one another again and again, their label blocks as snappy elements against the one before:
 * most of a series' labels are those of its neighbour, so the elements are a fifth of the text, and writing them takes the
 * place of copying and compressing it.
 */
export class OutputDeltas {
  private readonly encoder = new SnappyDelta();

  constructor(private readonly cache: SeriesCache) {}

  /**
   * Told that the output of `entry` has followed that of `before`, with `gap` bytes between their label blocks. The second
   * time in a row an encoding is made, in memory of the cache's.
   */
  note(entry: SeriesEntry, before: SeriesEntry, gap: number): void {
    if (entry.deltaCandidate !== before.outputId) {
      entry.deltaCandidate = before.outputId;
      return;
    }
    if (entry.deltasMade >= MAX_DELTAS || entry.fastOutput === null || before.fastOutput === null) return;
    entry.deltasMade++;
    const elements = this.encoder.encode(
      { bytes: before.fastOutput.bytes, offset: before.fastOffset, length: before.fastLength },
      gap,
      { bytes: entry.fastOutput.bytes, offset: entry.fastOffset, length: entry.fastLength },
    );
    if (elements === undefined) return;
    const { slab, offset } = this.cache.keepElements(elements, WORD - 1);
    entry.deltaSlab = slab;
    entry.deltaOffset = offset;
    entry.deltaLength = elements.length;
    entry.deltaGap = gap;
    entry.deltaTo = before.outputId;
  }
}
