import { EmbeddedServer } from '../../src/database/embedded/embedded-server.js';

/** The database of the operator: here one of the same binaries, to be stopped and started again. */
export class ExternalDatabase {
  private server: EmbeddedServer | undefined;

  constructor(private readonly dataDir: string) {}

  /** Starts it and returns its URL; the port is another one each time. */
  async start(): Promise<string> {
    this.server = await EmbeddedServer.start({ dataDir: this.dataDir, database: 'telemetry' });
    return this.server.url;
  }

  async close(): Promise<void> {
    await this.server?.stop();
    this.server = undefined;
  }
}
