import { Logger } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { createApp } from './app.js';
import type { Config } from './config/config.js';
import { Lifecycle } from './health/lifecycle.service.js';
import { Drain } from './http/drain.js';
import { assertAvailable, listen } from './http/listen.js';

/** The application together with its port: what a process starts and stops. */
export class Service {
  private readonly logger = new Logger(Service.name);
  private readonly drain: Drain;

  private constructor(
    private readonly app: NestExpressApplication,
    private readonly config: Config,
  ) {
    this.drain = new Drain(app.getHttpServer());
  }

  /** Puts the application together, its embedded database included; nothing is served yet. Rejects when the port is taken. */
  static async create(config: Config): Promise<Service> {
    await assertAvailable(config.http);
    return new Service(await createApp(config), config);
  }

  /** Starts every module, then opens the port. Rejects when a module cannot start or the port is taken. */
  async start(): Promise<void> {
    await this.app.init();
    if (this.app.get(Lifecycle).phase === 'stopping') return;
    const api = await listen(this.app.getHttpServer(), this.config.http);
    const places = { api, docs: `${api}/docs`, metrics: `${api}/metrics`, health: `${api}/health/ready` };
    this.logger.log(
      { ...places, database: describeDatabase(this.config.database) },
      'Telemetry Processor is listening',
    );
  }

  /** Answers what has arrived, then stops every module. */
  async stop(reason: string): Promise<void> {
    this.logger.log({ reason, inFlight: this.drain.inFlight }, 'stopping');
    this.app.get(Lifecycle).stop();
    const cutOff = await this.drain.run(this.config.http.shutdownTimeout);
    if (cutOff > 0) this.logger.warn({ requests: cutOff }, 'requests were cut off');
    await this.app.close();
    this.logger.log({ reason }, 'stopped');
  }
}

/** Where the database is, without credentials. */
function describeDatabase({ url, dataDir }: Config['database']): string {
  if (url === undefined) return `embedded in ${dataDir}`;
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}
