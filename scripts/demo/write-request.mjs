import { compress } from 'snappy';
import protobuf from 'protobufjs';

/**
 * Remote write 1.0. A sample's value is declared as its 64 bits and not as a double: the payload of the stale marker,
 * which is a NaN, has to survive.
 */
const SCHEMA = `
syntax = "proto3";
message Label { string name = 1; string value = 2; }
message Sample { fixed64 value = 1; int64 timestamp = 2; }
message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; }
message WriteRequest { repeated TimeSeries timeseries = 1; }`;

const WriteRequest = protobuf.parse(SCHEMA).root.lookupType('WriteRequest');

/** By which Prometheus says that a series has ended. (prometheus/model/value) */
const STALE_BITS = 0x7ff0000000000002n;

/** Turns scrapes into bodies as a sender would: a series that is gone since the last scrape gets a stale marker. */
export class WriteRequestEncoder {
  /** @type {Map<string, import('./exporters.mjs').Series>} */
  #last = new Map();

  /**
   * @param {import('./exporters.mjs').Series[]} series
   * @param {number} now ms
   * @returns {Promise<{ body: Buffer, samples: number }>}
   */
  async encode(series, now) {
    const current = new Map(series.map((one) => [JSON.stringify(one.labels), one]));
    const gone = [...this.#last].filter(([key]) => !current.has(key)).map(([, one]) => one);
    this.#last = current;
    const timeseries = [
      ...series.map(({ labels, value }) => timeSeries(labels, bitsOf(value), now)),
      ...gone.map(({ labels }) => timeSeries(labels, STALE_BITS, now)),
    ];
    const bytes = WriteRequest.encode({ timeseries }).finish();
    return { body: await compress(bytes), samples: timeseries.length };
  }
}

/** Labels go sorted by name, as the protocol demands. */
function timeSeries(labels, bits, timestamp) {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return { labels: sorted.map(([name, value]) => ({ name, value })), samples: [{ value: long(bits), timestamp }] };
}

function bitsOf(value) {
  return new BigUint64Array(Float64Array.of(value).buffer)[0];
}

/** A 64-bit number in the form that protobufjs takes. */
function long(bits) {
  return { low: Number(bits & 0xffffffffn) | 0, high: Number(bits >> 32n) | 0, unsigned: true };
}
