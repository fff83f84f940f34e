import { chmod, mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Exporter, type Labels } from './e2e-exporter.js';
import { freePort } from './e2e-port.js';
import { Program } from './e2e-program.js';
import { Service, type ServiceOptions } from './e2e-service.js';
import { Storage, VictoriaMetrics } from './e2e-storage.js';

/** What a scraper is told about one exporter. */
export interface ScrapeTarget {
  readonly job: string;
  readonly target: string;
  /** Labels of the target itself, as service discovery would set them. */
  readonly labels?: Labels;
  readonly honorLabels?: boolean;
  readonly path?: string;
}

/** Stops something at the end of a test file. */
interface Closable {
  close(): Promise<void>;
}

/** The programs of one test file, with a temporary directory; all of them are stopped by `close`. */
export class Stack {
  private readonly programs: Program[] = [];
  private readonly others: Closable[] = [];
  private directory: string | undefined;

  /**
   * Wraps a step or a test: when it fails, the error tells what each program wrote last.
   * @param work what is run
   */
  explained<Args extends unknown[]>(work: (...args: Args) => Promise<void>): (...args: Args) => Promise<void> {
    return async (...args) => {
      try {
        await work(...args);
      } catch (error) {
        const failure = error instanceof Error ? error : new Error(String(error));
        const said = failure.message;
        const cause = failure.cause instanceof Error ? `\nbecause: ${failure.cause.message}` : '';
        failure.message = `${said}${cause}\n\n${this.programs.map(({ tail }) => tail).join('\n')}`;
        failure.stack = failure.stack?.replace(said, () => failure.message);
        throw failure;
      }
    };
  }

  /** Ends all programs, the newest first, and removes their data. */
  async close(): Promise<void> {
    for (const closable of [...this.programs.reverse(), ...this.others]) await closable.close();
    if (this.directory !== undefined) await rm(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Has something else closed at the end, after the programs. */
  closeAtEnd<T extends Closable>(closable: T): T {
    this.others.push(closable);
    return closable;
  }

  async exporter(): Promise<Exporter> {
    return this.closeAtEnd(await Exporter.start());
  }

  /** The service, not started yet. */
  async prepareService(env: Record<string, string> = {}, options: Partial<ServiceOptions> = {}): Promise<Service> {
    const dataDir = await this.folder('data');
    return this.keep(new Service({ port: await freePort(), dataDir, env, ...options }));
  }

  async service(env: Record<string, string> = {}): Promise<Service> {
    return started(await this.prepareService(env));
  }

  async victoriaMetrics(name = 'victoria-metrics'): Promise<VictoriaMetrics> {
    const address = `127.0.0.1:${await freePort()}`;
    const args = [
      `-storageDataPath=${await this.folder(name)}`,
      `-httpListenAddr=${address}`,
      '-retentionPeriod=1',
      // Queries otherwise leave out the newest 30 s.
      '-search.latencyOffset=0s',
      '-search.disableCache',
      '-memory.allowedBytes=64MB',
      '-loggerLevel=WARN',
    ];
    const options = { name, command: 'victoria-metrics', args, ready: `http://${address}/health` };
    return started(this.keep(new VictoriaMetrics(options, `http://${address}`)));
  }

  /** Prometheus as a storage that takes remote write, and as a scraper and sender when told what to scrape and where to send. */
  async prometheus(config: { scrape?: ScrapeTarget[]; remoteWrite?: string } = {}): Promise<Storage> {
    const address = `127.0.0.1:${await freePort()}`;
    const folder = await this.folder('prometheus');
    const file = join(folder, 'prometheus.yml');
    await writeFile(file, JSON.stringify(prometheusConfig(config)));
    const args = [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
      '--web.enable-remote-write-receiver',
      '--log.level=warn',
    ];
    const options = { name: 'prometheus', command: 'prometheus', args, ready: `http://${address}/-/ready` };
    return started(this.keep(new Storage(options, `http://${address}`)));
  }

  /** vmagent that scrapes every second and sends at once. */
  async vmagent(scrape: ScrapeTarget[], remoteWrite: string): Promise<Program> {
    const address = `127.0.0.1:${await freePort()}`;
    const folder = await this.folder('vmagent');
    const file = join(folder, 'scrape.yml');
    await writeFile(file, JSON.stringify(prometheusConfig({ scrape })));
    const args = [
      `-promscrape.config=${file}`,
      `-httpListenAddr=${address}`,
      `-remoteWrite.url=${remoteWrite}`,
      `-remoteWrite.tmpDataPath=${join(folder, 'queue')}`,
      '-remoteWrite.flushInterval=200ms',
      '-memory.allowedBytes=64MB',
      '-loggerLevel=WARN',
    ];
    return started(
      this.keep(new Program({ name: 'vmagent', command: 'vmagent', args, ready: `http://${address}/health` })),
    );
  }

  /** A new directory for a program's files. */
  async folder(name: string): Promise<string> {
    this.directory ??= await openDirectory();
    const path = join(this.directory, `${this.programs.length}-${name}`);
    await mkdir(path, { recursive: true });
    return path;
  }

  private keep<T extends Program>(program: T): T {
    this.programs.push(program);
    return program;
  }
}

async function started<T extends Program>(program: T): Promise<T> {
  await program.start();
  return program;
}

/** Run by root, the embedded database runs under another account, which must get there. */
async function openDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'telemetry-processor-e2e-'));
  await chmod(directory, 0o755);
  return directory;
}

/** A configuration for Prometheus and vmagent alike; JSON is YAML. Every target is scraped once a second. */
function prometheusConfig({ scrape = [], remoteWrite }: { scrape?: ScrapeTarget[]; remoteWrite?: string }): object {
  const queue = { min_backoff: '100ms', max_backoff: '1s', batch_send_deadline: '500ms' };
  return {
    ...(scrape.length === 0 ? {} : { global: { scrape_interval: '1s', scrape_timeout: '1s' } }),
    scrape_configs: scrape.map(({ job, target, labels = {}, honorLabels = false, path = '/metrics' }) => ({
      job_name: job,
      honor_labels: honorLabels,
      metrics_path: path,
      static_configs: [{ targets: [target], labels }],
    })),
    ...(remoteWrite === undefined ? {} : { remote_write: [{ url: remoteWrite, queue_config: queue }] }),
  };
}
