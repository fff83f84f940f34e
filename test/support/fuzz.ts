/** Damage to valid bytes, and the judgement of what a parser makes of it. */
import { MalformedPayload, PayloadLimitExceeded } from '../../src/wire/malformed-payload.js';

/** FUZZ_FACTOR multiplies the number of cases for a longer run; FUZZ_SEED gives it other ones. */
const FACTOR = Number(process.env.FUZZ_FACTOR ?? 1);
const SEED = Number(process.env.FUZZ_SEED ?? 20_240_229);

/** A single case that takes longer than this (ms) counts as hanging. */
const HANG_MS = 2_000;

/** Pseudo-random numbers that a failure can be repeated with (mulberry32). */
export class Random {
  constructor(private state = SEED) {}

  /** An integer in [0, below). */
  below(below: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * below);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }
}

type Mutation = (random: Random, bytes: Buffer, others: readonly Buffer[]) => Buffer;

/** Bytes that matter to varints, tags and lengths. */
const TELLING = [0x00, 0x01, 0x7f, 0x80, 0xff, 0x0a, 0x12, 0x1a, 0x22, 0x2a, 0x08, 0x09, 0x10, 0x3f, 0xfc];

/** Varints as lengths that lie: far too long, 2^31, 2^32, 2^53, 2^64, and one without an end. */
const LYING_LENGTHS = [
  'ffff7f',
  '8080808008',
  '8080808010',
  '8080808080808010',
  'ffffffffffffffffff01',
  'ffffffffffffffffffffffff',
].map((hex) => Buffer.from(hex, 'hex'));

const truncate: Mutation = (random, bytes) => bytes.subarray(0, random.below(bytes.length + 1));

const flipBits: Mutation = (random, bytes) => {
  const copy = Buffer.from(bytes);
  for (let i = random.below(4); i >= 0 && copy.length > 0; i--) {
    const at = random.below(copy.length);
    copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
  }
  return copy;
};

const overwrite: Mutation = (random, bytes) => {
  const copy = Buffer.from(bytes);
  for (let i = random.below(3); i >= 0 && copy.length > 0; i--) copy[random.below(copy.length)] = random.pick(TELLING);
  return copy;
};

const splice: Mutation = (random, bytes, others) => {
  const other = random.pick(others);
  const from = random.below(other.length + 1);
  const piece = other.subarray(from, from + random.below(other.length - from + 1));
  const at = random.below(bytes.length + 1);
  const until = random.below(2) === 0 ? at : at + random.below(bytes.length - at + 1);
  return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(until)]);
};

const lie: Mutation = (random, bytes) => {
  const at = random.below(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), random.pick(LYING_LENGTHS), bytes.subarray(at + random.below(2))]);
};

const repeat: Mutation = (random, bytes) => {
  const from = random.below(bytes.length + 1);
  const piece = bytes.subarray(from, from + random.below(16));
  return Buffer.concat([bytes.subarray(0, from), ...Array<Buffer>(random.below(20)).fill(piece), bytes.subarray(from)]);
};

const noise: Mutation = (random) => random.bytes(random.below(120));

const MUTATIONS = [truncate, flipBits, overwrite, splice, lie, repeat, noise] as const;

/** `count` damaged inputs made of valid ones. */
export function* damaged(valid: readonly Buffer[], count: number): Generator<Buffer> {
  const random = new Random();
  for (let i = 0; i < count * FACTOR; i++) {
    let bytes = random.pick(MUTATIONS)(random, random.pick(valid), valid);
    if (random.below(4) === 0) bytes = random.pick(MUTATIONS)(random, bytes, valid);
    yield bytes;
  }
}

/** Every beginning of every input. */
export function* truncated(valid: readonly Buffer[]): Generator<Buffer> {
  for (const bytes of valid) for (let length = 0; length < bytes.length; length++) yield bytes.subarray(0, length);
}

/** What a run of cases came to. */
export interface Tally {
  cases: number;
  refused: number;
}

/**
 * Runs a parser over inputs. Only the two errors of the wire may come out, and none may take long; anything else fails
 * with the input.
 * @param parse returns nothing of interest; throws when the input is refused
 * @param afterwards called after each refused input, e.g. to see that the parser still works
 */
export function survive(inputs: Iterable<Buffer>, parse: (bytes: Buffer) => unknown, afterwards?: () => void): Tally {
  const tally: Tally = { cases: 0, refused: 0 };
  for (const input of inputs) {
    tally.cases++;
    // Bytes of others around the input, so that reading past its end would not go unnoticed as `undefined`.
    const bytes = surrounded(input);
    const began = performance.now();
    try {
      parse(bytes);
    } catch (error) {
      if (!(error instanceof MalformedPayload) && !(error instanceof PayloadLimitExceeded)) {
        throw new Error(`input ${input.toString('base64')} raised ${String(error)}`, { cause: error });
      }
      tally.refused++;
      afterwards?.();
    }
    const took = performance.now() - began;
    if (took > HANG_MS) throw new Error(`input ${input.toString('base64')} took ${took} ms`);
  }
  return tally;
}

/** The same bytes in the middle of a larger buffer whose surroundings look like valid fields. */
function surrounded(bytes: Buffer): Buffer {
  const room = Buffer.alloc(bytes.length + 64, 0x0a);
  bytes.copy(room, 32);
  return room.subarray(32, 32 + bytes.length);
}

/** User and system CPU time of a call, ms. */
export function cpuMs(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
