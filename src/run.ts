import 'reflect-metadata';
import { SystemClock } from './common/clock.js';
import { DomainError } from './common/domain-error.js';
import type { Config } from './config/config.js';
import { ConfigurationError } from './config/configuration-error.js';
import { helpText } from './config/help.js';
import { loadFromProcess } from './config/load.js';
import { readFlags } from './config/sources.js';
import { version } from './config/version.js';
import { EmbeddedServerError } from './database/embedded/embedded-server-error.js';
import { ClusterNotFound } from './pods/kubernetes/client/kube-config.js';
import { AddressUnavailable } from './http/listen.js';
import { onStopSignals } from './http/stop-signals.js';
import { Service } from './service.js';

const EXIT_START_FAILED = 1;
const EXIT_CONFIGURATION = 2;
/** What an operator can put right. */
const TOLD_IN_ONE_LINE = [DomainError, EmbeddedServerError, AddressUnavailable, ClusterNotFound];

const flags = readFlags(process.argv.slice(2));
if (flags.help) process.stdout.write(helpText());
else if (flags.version) process.stdout.write(`${version}\n`);
else await run(configurationOrExit());

/** Starts the service and keeps it until a signal stops it. */
async function run(config: Config): Promise<void> {
  const created = Service.create(config);
  onStopSignals(process, new SystemClock(), (signal) => void stop(created, signal), giveUp);
  try {
    await (await created).start();
  } catch (error) {
    process.stderr.write(`The service cannot start: ${describe(error)}\n`);
    await created.then((service) => service.stop('start failed')).catch(() => undefined);
    process.exit(EXIT_START_FAILED);
  }
}

async function stop(created: Promise<Service>, signal: string): Promise<void> {
  try {
    await (await created).stop(signal);
    process.exit(0);
  } catch (error) {
    process.stderr.write(`The service did not stop cleanly: ${describe(error)}\n`);
    process.exit(EXIT_START_FAILED);
  }
}

function giveUp(): void {
  process.stderr.write('Stopped before everything was finished.\n');
  process.exit(EXIT_START_FAILED);
}

function configurationOrExit(): Config {
  try {
    return loadFromProcess();
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(EXIT_CONFIGURATION);
  }
}

/** One line for what an operator can put right; everything else with its stack. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isTold = TOLD_IN_ONE_LINE.some((type) => error instanceof type);
  return isTold || (error as NodeJS.ErrnoException).code === 'EACCES' ? error.message : (error.stack ?? error.message);
}
