import { setTimeout as delay } from 'node:timers/promises';
import { fetch } from 'undici';

/** Bodies that wait for a service that answers 503; older ones are thrown away. */
const MAX_QUEUE = 120;

const REMOTE_WRITE_HEADERS = {
  'content-type': 'application/x-protobuf',
  'content-encoding': 'snappy',
  'x-prometheus-remote-write-version': '0.1.0',
};

/** The service as its senders see it. */
export class Api {
  /** @type {Buffer[]} */
  #queue = [];
  #isSending = false;
  #signal;
  sent = 0;
  repeated = 0;

  /**
   * @param {string} url
   * @param {AbortSignal} signal ends waiting and requests
   */
  constructor(url, signal) {
    this.url = url;
    this.#signal = signal;
  }

  /** Waits until the service can work: its port is open before its database is. */
  async untilReady() {
    while (!(await fetch(`${this.url}/health/ready`, { signal: this.#signal })).ok) {
      await delay(200, undefined, { signal: this.#signal });
    }
  }

  /** Nodes and UIDs of the pods that hold devices now. */
  async holders() {
    const response = await fetch(`${this.url}/v1/pods/cache`, { signal: this.#signal });
    const nodes = Object.entries(await response.json());
    const held = nodes.flatMap(([node, labels]) =>
      Object.values(labels).flatMap((devices) => Object.values(devices).map(([, uid]) => [uid, { node, uid }])),
    );
    return [...new Map(held).values()];
  }

  /** Replaces the inventory. */
  async putInventory(body) {
    await this.#json('PUT', '/v1/pods/inventory', body);
  }

  /** Reports container events. */
  async postEvents(events) {
    if (events.length > 0) await this.#json('POST', '/v1/container-events/batch', { events });
  }

  /** The service's counts of samples by outcome. */
  async outcomes() {
    const text = await (await fetch(`${this.url}/metrics`, { signal: this.#signal })).text();
    const lines = text.matchAll(/^primus_lens_telemetry_processor_metrics_samples_total\{outcome="(\w+)"\} (\d+)/gm);
    return new Map([...lines].map(([, outcome, count]) => [outcome, Number(count)]));
  }

  /** Sends a remote-write body after those before it, and again for as long as the service asks for that. */
  async write(body) {
    this.#queue.push(body);
    if (this.#queue.length > MAX_QUEUE) this.#queue.splice(1, 1);
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      while (this.#queue.length > 0) {
        await this.#deliver(this.#queue[0]);
        this.#queue.shift();
      }
    } finally {
      this.#isSending = false;
    }
  }

  async #deliver(body) {
    await this.#request('POST', '/v1/prometheus', REMOTE_WRITE_HEADERS, body);
    this.sent += 1;
  }

  #json(method, path, body) {
    return this.#request(method, path, { 'content-type': 'application/json' }, JSON.stringify(body));
  }

  /** Throws when the answer is neither a success nor 503, which means: the same again, after the time stated. */
  async #request(method, path, headers, body) {
    for (;;) {
      const response = await fetch(this.url + path, { method, headers, body, signal: this.#signal });
      const text = await response.text();
      if (response.ok) return;
      if (response.status !== 503) throw new Error(`${method} ${path} answers ${response.status}: ${text.trim()}`);
      this.repeated += 1;
      await delay(1_000 * Number(response.headers.get('retry-after') ?? 5), undefined, { signal: this.#signal });
    }
  }
}
