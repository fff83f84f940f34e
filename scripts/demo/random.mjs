/** Repeatable randomness: the same seed gives the same cluster. (mulberry32) */
export class Random {
  #state;

  /** @param {number} seed whole number */
  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** A number from 0 (included) to 1 (excluded). */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /**
   * @param {number} from
   * @param {number} to both ends included
   */
  whole(from, to) {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  /**
   * @template T
   * @param {readonly T[]} list
   */
  pick(list) {
    return list[this.whole(0, list.length - 1)];
  }

  /** Five characters as Kubernetes puts them behind generated names. */
  suffix() {
    return Array.from({ length: 5 }, () => this.pick([...'bcdfghjklmnpqrstvwxz2456789'])).join('');
  }
}
