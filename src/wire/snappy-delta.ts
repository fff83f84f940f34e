/** Texts longer than this, the one before included, are not encoded: copies then always fit in two bytes of offset. */
const MAX_TEXT_BYTES = 16 * 1024;

/** An encoding that saves less than this share of the text is not worth keeping. */
const WORTHWHILE = 0.6;

const MIN_MATCH = 4;
const MAX_LITERAL = 60;
const HASH_BITS = 11;

/** Part of a buffer. */
export interface Text {
  readonly bytes: Buffer;
  readonly offset: number;
  readonly length: number;
}

/**
 * Encodes a text as snappy elements that copy from a text standing a known number of bytes before it, so that two texts that
 * follow one another again and again are compressed once. Literals are of at most 60 bytes, copies have offsets of one or
 * two bytes. (github.com/google/snappy, format_description.txt)
 */
export class SnappyDelta {
  /** The text before, the gap (never read), the text. */
  private readonly work = Buffer.alloc(MAX_TEXT_BYTES + MIN_MATCH);
  private readonly table = new Int32Array(1 << HASH_BITS);
  private readonly out = Buffer.alloc(MAX_TEXT_BYTES * 2);
  private at = 0;
  private textStart = 0;
  private end = 0;
  private beforeEnd = 0;

  /**
   * @param gap bytes between the end of the text before and the beginning of the text
   * @returns the elements, valid until the next call; undefined when the texts are too long or have too little in common
   */
  encode(before: Text, gap: number, text: Text): Buffer | undefined {
    this.beforeEnd = before.length;
    this.textStart = before.length + gap;
    this.end = this.textStart + text.length;
    if (this.end > MAX_TEXT_BYTES) return undefined;
    before.bytes.copy(this.work, 0, before.offset, before.offset + before.length);
    text.bytes.copy(this.work, this.textStart, text.offset, text.offset + text.length);
    this.table.fill(-1);
    for (let i = 0; i + MIN_MATCH <= this.beforeEnd; i++) this.table[this.hash(i)] = i;
    this.at = 0;
    this.elements();
    return this.at <= text.length * WORTHWHILE ? this.out.subarray(0, this.at) : undefined;
  }

  private elements(): void {
    let literalStart = this.textStart;
    // Both texts begin alike.
    let offset = this.textStart;
    for (let pos = this.textStart; pos + MIN_MATCH <= this.end;) {
      // What differs is mostly a few digits, after which the texts run in step again.
      let length = offset > 0 ? this.matchLength(pos - offset, pos) : 0;
      const slot = this.hash(pos);
      const candidate = this.table[slot] ?? -1;
      if (length < MIN_MATCH && candidate >= 0) {
        length = this.matchLength(candidate, pos);
        if (length >= MIN_MATCH) offset = pos - candidate;
      }
      this.table[slot] = pos;
      if (length < MIN_MATCH) {
        pos++;
        continue;
      }
      this.literal(literalStart, pos);
      this.copy(offset, length);
      pos += length;
      literalStart = pos;
    }
    this.literal(literalStart, this.end);
  }

  /** How many bytes at `pos` are equal to those at `source`, which must not run into the gap. */
  private matchLength(source: number, pos: number): number {
    if (source < 0 || (source >= this.beforeEnd && source < this.textStart)) return 0;
    const limit = Math.min(this.end - pos, source < this.beforeEnd ? this.beforeEnd - source : Infinity);
    let length = 0;
    while (length < limit && this.work[source + length] === this.work[pos + length]) length++;
    return length;
  }

  private hash(pos: number): number {
    return Math.imul(this.work.readInt32LE(pos), 0x9e3779b1) >>> (32 - HASH_BITS);
  }

  private literal(start: number, end: number): void {
    for (let from = start; from < end; from += MAX_LITERAL) {
      const to = Math.min(end, from + MAX_LITERAL);
      this.out[this.at++] = (to - from - 1) << 2;
      this.at += this.work.copy(this.out, this.at, from, to);
    }
  }

  private copy(offset: number, length: number): void {
    const { out } = this;
    for (let rest = length; rest > 0;) {
      // Two elements share the end of a long copy, so that none is shorter than four bytes.
      const count = rest > 64 && rest < 68 ? 60 : Math.min(64, rest);
      const short = count <= 11 && offset < 2048;
      out[this.at++] = short ? 1 | ((count - 4) << 2) | ((offset >>> 8) << 5) : 2 | ((count - 1) << 2);
      out[this.at++] = offset & 0xff;
      if (!short) out[this.at++] = offset >>> 8;
      rest -= count;
    }
  }
}
