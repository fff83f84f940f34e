/** `npm run demo`: the service and a simulated cluster that reports to it. `--help` tells the options. */
import { parseArgs } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import * as announcements from './demo/announcements.mjs';
import { Api } from './demo/api.mjs';
import { Cluster } from './demo/cluster.mjs';
import { Exporters } from './demo/exporters.mjs';
import { endEvents, inventoryBody, remainsEvents, startEvents } from './demo/inventory.mjs';
import { Random } from './demo/random.mjs';
import { build, ServiceProcess } from './demo/service.mjs';
import { WriteRequestEncoder } from './demo/write-request.mjs';

const DATA_DIR = './data/demo';
/** In ticks of one second. */
const SCRAPE_EVERY = 5;
const SUMMARY_EVERY = 15;
/** A second signal this long (ms) after the first means haste; sooner it is npm's copy of the first. */
const IMPATIENCE = 2_000;
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

const options = readOptions();
process.exitCode = await main();

async function main() {
  const buildCode = build();
  if (buildCode !== 0) return buildCode;
  const stop = new globalThis.AbortController();
  const service = new ServiceProcess({ ...options, dataDir: DATA_DIR, report: (line) => say(`service  ${line}`) });
  onStop(stop, service);
  const failure = service.ended.then((code) => ({ code }));
  const outcome = await Promise.race([service.ready.then((url) => ({ url })), failure]);
  if ('code' in outcome) return outcome.code;
  console.log(announcements.welcome(outcome.url, options.storage));
  const running = runCluster(outcome.url, stop.signal, () => (service.reportsWarnings = true));
  const end = await Promise.race([running, failure]);
  if (end !== undefined) say(`The service has ended with code ${end.code}`);
  const code = end === undefined && stop.signal.aborted ? 0 : 1;
  stop.abort();
  await running;
  await service.stop();
  if (code === 0) say('stopped');
  return code;
}

/** Lets the cluster live until the signal; then it is emptied, so that the next run meets no remains of this one. */
async function runCluster(url, signal, onReady) {
  const random = new Random(options.seed);
  const cluster = new Cluster(random, Date.now().toString(36));
  // Values come from a sequence of their own: how often is scraped does not change which jobs come.
  const session = {
    cluster,
    exporters: new Exporters(new Random(options.seed + 1)),
    encoder: new WriteRequestEncoder(),
  };
  const api = new Api(url, signal);
  try {
    await api.untilReady();
    onReady();
    await api.postEvents(remainsEvents(await api.holders(), Date.now()));
    await reportJobs(api, cluster, { started: cluster.jobs, ended: [] });
    for (let tick = 0; !signal.aborted; tick++) {
      await step(session, api, tick);
      await delay(1_000, undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) say(`The demo ends: ${describe(error)}`);
  }
  await empty(new Api(url, globalThis.AbortSignal.timeout(5_000)), cluster).catch((error) => say(describe(error)));
}

async function step({ cluster, exporters, encoder }, api, tick) {
  await reportJobs(api, cluster, cluster.tick());
  if (tick % SCRAPE_EVERY === 0) {
    const { body } = await encoder.encode(exporters.scrape(cluster), Date.now());
    api.write(body).catch((error) => say(describe(error)));
  }
  if (tick % SUMMARY_EVERY === SUMMARY_EVERY - 1) say(announcements.summary(cluster, api, await api.outcomes()));
}

async function reportJobs(api, cluster, { started, ended }) {
  if (started.length + ended.length === 0) return;
  for (const job of started) say(announcements.started(job));
  for (const job of ended) say(announcements.ended(job, api.url));
  const now = Date.now();
  await api.postEvents(ended.flatMap((job) => endEvents(job, now)));
  await api.putInventory(inventoryBody(cluster));
  await api.postEvents(started.flatMap((job) => startEvents(job, now)));
}

async function empty(api, cluster) {
  await api.postEvents(cluster.jobs.flatMap((job) => endEvents(job, Date.now())));
  await api.putInventory({ pods: [] });
}

function onStop(stop, service) {
  let first;
  for (const name of STOP_SIGNALS) {
    process.on(name, () => {
      first ??= Date.now();
      stop.abort();
      if (Date.now() - first > IMPATIENCE) service.kill();
    });
  }
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', default: '8989' },
        storage: { type: 'string' },
        seed: { type: 'string', default: '1' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(announcements.USAGE);
      process.exit(0);
    }
    if (!/^\d{1,9}$/.test(values.seed)) throw new Error('--seed takes a whole number');
    return { port: values.port, storage: values.storage, seed: Number(values.seed) };
  } catch (error) {
    process.stderr.write(`${error.message}\n\n${announcements.USAGE}`);
    process.exit(2);
  }
}

function say(line) {
  console.log(`${new Date().toTimeString().slice(0, 8)}  ${line}`);
}

/** fetch hides the cause of a connection that failed. */
function describe(error) {
  return error.cause?.message ? `${error.message} (${error.cause.message})` : error.message;
}
