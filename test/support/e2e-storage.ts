import { Program, type ProgramOptions } from './e2e-program.js';

export type Labels = Readonly<Record<string, string>>;

/** What an instant query says of one series. */
export interface InstantSample {
  readonly labels: Labels;
  readonly value: number;
}

/** A series with everything stored of it: times in ms, null where a value is not a number (stale markers). */
export interface StoredSeries {
  readonly labels: Labels;
  readonly timestamps: readonly number[];
  readonly values: readonly (number | null)[];
}

interface QueryReply {
  readonly status: string;
  readonly error?: string;
  readonly data: { readonly result: readonly { readonly metric: Labels; readonly value: readonly [number, string] }[] };
}

/** A storage that takes remote write and answers PromQL. */
export class Storage extends Program {
  constructor(
    options: ProgramOptions,
    readonly url: string,
  ) {
    super(options);
  }

  get remoteWriteUrl(): string {
    return `${this.url}/api/v1/write`;
  }

  /** An instant query at the current time. */
  async query(promql: string): Promise<InstantSample[]> {
    const reply = await fetch(`${this.url}/api/v1/query?query=${encodeURIComponent(promql)}`);
    const { status, error, data } = (await reply.json()) as QueryReply;
    if (status !== 'success') throw new Error(`${this.name} does not answer ${promql}: ${error ?? ''}`);
    return data.result.map(({ metric, value: [, value] }) => ({ labels: metric, value: Number(value) }));
  }
}

/** VictoriaMetrics, which can also be asked for the raw samples. */
export class VictoriaMetrics extends Storage {
  /** Every stored sample of the series that match. (VictoriaMetrics, /api/v1/export) */
  async export(selector: string): Promise<StoredSeries[]> {
    const reply = await fetch(`${this.url}/api/v1/export?match[]=${encodeURIComponent(selector)}`);
    const text = await reply.text();
    if (!reply.ok) throw new Error(`${this.name} does not export ${selector}: ${text}`);
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const { metric, values, timestamps } = JSON.parse(line) as ExportLine;
        return { labels: metric, values, timestamps };
      });
  }

  /**
   * Has everything that it has acknowledged written to disk, as it does before a snapshot; by itself it does so seconds later,
   * and a kill would lose that.
   */
  async persist(): Promise<void> {
    const reply = await fetch(`${this.url}/snapshot/create`);
    const { status } = (await reply.json()) as { status: string };
    if (status !== 'ok') throw new Error(`${this.name} makes no snapshot`);
  }

  /** Makes everything it has acknowledged visible to queries; by itself it does so after a second. */
  async flush(): Promise<void> {
    const reply = await fetch(`${this.url}/internal/force_flush`);
    if (!reply.ok) throw new Error(`${this.name} does not flush: ${reply.status}`);
  }
}

interface ExportLine {
  readonly metric: Labels;
  readonly values: readonly (number | null)[];
  readonly timestamps: readonly number[];
}
