import type { FailedAnswer, FaultTarget, Prohibition } from './faults.js';
import type { Kind } from './kinds.js';
import type { KubernetesObject, ObjectName } from './object.js';
import { type SeededCluster, seedCluster, type SeedOptions } from './seed.js';
import type { KubernetesStandIn } from './stand-in.js';

/** A regular expression travels as its source. */
type Sent<T extends FaultTarget> = Omit<T, 'path'> & { readonly path?: string };

/** What commands work on. */
export class Commanded {
  cluster: SeededCluster | undefined;
  stopChurn: () => void = () => undefined;

  constructor(readonly standIn: KubernetesStandIn) {}
}

type Run<Body> = (commanded: Commanded, body: Body) => unknown;

const command = <Body>(run: Run<Body>): Run<never> => run;

function received<T extends FaultTarget>({ path, ...rest }: Sent<T>): T {
  return { ...rest, ...(path !== undefined && { path: new RegExp(path) }) } as unknown as T;
}

/** The commands of a served stand-in: `POST /stand-in/<name>` with a JSON body. */
export const COMMANDS: Readonly<Record<string, Run<never>>> = {
  apply: command<readonly KubernetesObject[]>(({ standIn }, objects) => {
    standIn.apply(...objects);
  }),
  delete: command<readonly ObjectName[]>(({ standIn }, names) => {
    standIn.delete(...names);
  }),
  get: command<ObjectName>(({ standIn }, name) => standIn.get(name) ?? null),
  'define-kind': command<Kind>(({ standIn }, kind) => {
    standIn.defineKind(kind);
  }),
  seed: command<SeedOptions>((commanded, options) => {
    commanded.cluster = seedCluster(commanded.standIn, options);
    return { pods: commanded.cluster.pods };
  }),
  churn: command<{ readonly ratePerMinute: number }>((commanded, { ratePerMinute }) => {
    commanded.stopChurn();
    commanded.stopChurn = seeded(commanded).churn(ratePerMinute);
  }),
  'stop-churn': command<unknown>((commanded) => {
    commanded.stopChurn();
    return { pods: seeded(commanded).pods };
  }),
  change: command<{ readonly count: number }>((commanded, { count }) => {
    seeded(commanded).change(count);
  }),
  start: command<{ readonly loseHistory?: boolean }>(({ standIn }, how) => standIn.start(how)),
  stop: command<unknown>(({ standIn }) => standIn.stop()),
  compact: command<{ readonly gone?: 'answer' | 'event' }>(({ standIn }, how) => {
    standIn.compact(how);
  }),
  cut: command<{ readonly resource?: string; readonly afterBytes?: number }>(({ standIn }, what) => {
    standIn.cutWatches(what);
  }),
  freeze: command<{ readonly resource?: string }>(({ standIn }, { resource }) => {
    standIn.freezeWatches(resource);
  }),
  thaw: command<{ readonly resource?: string }>(({ standIn }, { resource }) => {
    standIn.thawWatches(resource);
  }),
  bookmark: command<{ readonly resource?: string }>(({ standIn }, { resource }) => {
    standIn.bookmark(resource);
  }),
  fail: command<Sent<FailedAnswer>>(({ standIn }, answer) => {
    standIn.fail(received<FailedAnswer>(answer));
  }),
  delay: command<Sent<FaultTarget & { readonly ms: number }>>(({ standIn }, delay) => {
    standIn.delay(received(delay));
  }),
  hang: command<Sent<FaultTarget>>(({ standIn }, target) => {
    standIn.hang(received(target));
  }),
  'clear-faults': command<unknown>(({ standIn }) => {
    standIn.clearFaults();
  }),
  forbid: command<Prohibition>(({ standIn }, prohibition) => {
    standIn.forbid(prohibition);
  }),
  allow: command<Prohibition>(({ standIn }, prohibition) => {
    standIn.allow(prohibition);
  }),
  'until-watched': command<{ readonly resource: string; readonly count?: number }>(({ standIn }, { resource, count }) =>
    standIn.untilWatched(resource, count),
  ),
  requests: command<unknown>(({ standIn }) => standIn.traffic.all()),
};

function seeded({ cluster }: Commanded): SeededCluster {
  if (cluster === undefined) throw new Error('The cluster is not seeded');
  return cluster;
}
