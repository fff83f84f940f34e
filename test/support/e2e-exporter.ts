import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Labels = Readonly<Record<string, string>>;

/**
 * An exporter of this test: shows what the test has set, and counts its scrapes in a counter of its own, so that the
 * storage can be asked for every single one.
 */
export class Exporter {
  private readonly series = new Map<string, string>();
  private readonly delivered: number[] = [];
  private scrapes = 0;
  private counter: string | undefined;

  private constructor(private readonly server: Server) {
    server.on('request', (request, response) => {
      this.answer(request, response);
    });
  }

  static async start(): Promise<Exporter> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Exporter(server);
  }

  /** Host and port, as scrape configurations want it. */
  get target(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Values of the counter that scrapers have got so far, one for each scrape. */
  get counted(): readonly number[] {
    return this.delivered;
  }

  /** Shows the number of the scrape as a series. */
  countScrapesAs(name: string, labels: Labels): void {
    this.counter = seriesText(name, labels);
  }

  /** Shows a series from now on. A value given as text is shown as it is, e.g. `NaN`. */
  set(name: string, labels: Labels, value: number | string): void {
    this.series.set(seriesText(name, labels), String(value));
  }

  /** Shows a series no longer. */
  drop(name: string, labels: Labels): void {
    if (!this.series.delete(seriesText(name, labels))) throw new Error(`${name} was not shown`);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private answer(_request: IncomingMessage, response: ServerResponse): void {
    const scrape = ++this.scrapes;
    const lines = [...this.series].map(([series, value]) => `${series} ${value}\n`);
    if (this.counter !== undefined) lines.push(`${this.counter} ${scrape}\n`);
    response.once('finish', () => this.delivered.push(scrape));
    response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8');
    response.end(lines.join(''));
  }
}

function seriesText(name: string, labels: Labels): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return `${name}{${pairs.join(',')}}`;
}
