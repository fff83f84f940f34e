/** The owner of an embedded server: `embedded-server.process.ts DATA_DIR`. Says `ready PID URL`; SIGTERM stops it. */
import { EmbeddedServer } from '../../../src/database/embedded/embedded-server.js';
import { EmbeddedServerError } from '../../../src/database/embedded/embedded-server-error.js';

try {
  const server = await EmbeddedServer.start({
    dataDir: process.argv[2] ?? '',
    database: 'telemetry_processor',
    settings: { shared_buffers: '16MB' },
    initdbArguments: ['--no-sync'],
  });
  process.once('SIGTERM', () => {
    void server.stop().then(() => process.exit(0));
  });
  process.once('SIGUSR2', () => process.exit(0));
  console.log(`ready ${String(server.pid)} ${server.url} .`);
} catch (error) {
  if (!(error instanceof EmbeddedServerError)) throw error;
  console.log(`refused: ${error.message} .`);
  process.exitCode = 1;
}
