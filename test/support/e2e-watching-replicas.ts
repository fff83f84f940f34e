import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { ExternalDatabase } from './e2e-database.js';
import type { Service } from './e2e-service.js';
import type { Stack } from './e2e-stack.js';
import { eventually } from './eventually.js';
import { PYTORCH_JOB, TRAIN_JOB } from './kubernetes/kinds.js';
import { lineOf, liveLines } from './kubernetes/live-truth.js';
import { KubernetesStandIn } from './kubernetes/stand-in.js';
import { TcpProxy } from './tcp-proxy.js';

/** One replica, with an address of its own for the database, so that its connections can be played with. */
export interface Replica {
  readonly service: Service;
  readonly database: TcpProxy;
}

interface ShownPod {
  uid: string;
  name: string;
  namespace: string;
  node_name: string | null;
  phase: string | null;
  workloads: { name: string; kind: string }[];
}

interface PodPage {
  items: ShownPod[];
  next_cursor: string | null;
}

/** Notes every pod that ends and every one that comes back, for what a look now and then would miss. */
const KEEP_FATES = `
CREATE SCHEMA test;
CREATE TABLE test.fates (uid text, fate text);
CREATE FUNCTION test.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO test.fates VALUES (NEW.uid, CASE WHEN NEW.ended_at IS NULL THEN 'revived' ELSE 'ended' END); RETURN NEW;
END $$;
CREATE TRIGGER note AFTER UPDATE ON pods FOR EACH ROW
  WHEN ((OLD.ended_at IS NULL) <> (NEW.ended_at IS NULL)) EXECUTE FUNCTION test.note()`;

/** Replicas that share an external database and watch one cluster. */
export class WatchingReplicas {
  private constructor(
    readonly api: KubernetesStandIn,
    private readonly database: ExternalDatabase,
    readonly all: readonly Replica[],
    private url: string,
  ) {}

  /** Starts the cluster, the database and so many replicas, which find an empty cluster. */
  static async start(stack: Stack, count: number): Promise<WatchingReplicas> {
    const api = await KubernetesStandIn.start({ kinds: [PYTORCH_JOB, TRAIN_JOB] });
    stack.closeAtEnd({ close: () => api.stop() });
    const database = stack.closeAtEnd(new ExternalDatabase(await stack.folder('external')));
    const url = await database.start();
    const kubeconfig = join(await stack.folder('kube'), 'config');
    await writeFile(kubeconfig, api.kubeconfig());
    const all: Replica[] = [];
    for (let made = 0; made < count; made += 1) {
      const proxy = stack.closeAtEnd(await TcpProxy.start(url));
      const env = { DATABASE_URL: proxy.url, KUBERNETES_MODE: 'kubeconfig', KUBECONFIG: kubeconfig };
      all.push({ service: await stack.prepareService(env), database: proxy });
    }
    await Promise.all(all.map(({ service }) => service.start()));
    const replicas = new WatchingReplicas(api, database, all, url);
    await replicas.query(KEEP_FATES);
    return replicas;
  }

  async stopDatabase(): Promise<void> {
    await this.database.close();
  }

  async startDatabase(): Promise<void> {
    this.url = await this.database.start();
    for (const { database } of this.all) database.retarget(this.url);
  }

  /** Asks the database itself. */
  async query<T>(sql: string, parameters: readonly unknown[] = []): Promise<T[]> {
    const client = new pg.Client(this.url);
    await client.connect();
    try {
      return (await client.query(sql, [...parameters])).rows as T[];
    } finally {
      await client.end();
    }
  }

  /** Waits until exactly one of these replicas, and all of them agree on the term, says that it leads. Returns it. */
  async leader(of: readonly Replica[] = this.all, within = 15_000): Promise<Replica & { readonly term: number }> {
    return eventually(async () => {
      const told = await Promise.all(of.map(async (replica) => ({ ...replica, ...(await syncOf(replica)) })));
      const leading = told.filter((sync) => sync.is_leader);
      const [leader] = leading;
      return leading.length === 1 && told.every(({ term }) => term === leader?.term) ? leader : undefined;
    }, within);
  }

  /** Those besides this one. */
  others({ service }: Replica): Replica[] {
    return this.all.filter((replica) => replica.service !== service);
  }

  /** Waits until replicas show exactly the pods that live in the cluster, and each with its workloads. */
  async converged(of: readonly Replica[] = this.all, within = 15_000): Promise<void> {
    const compare = async (): Promise<void> => {
      for (const replica of of) expect(await shownLines(replica)).toEqual(liveLines(this.api));
    };
    const isRight = (): Promise<boolean> => compare().then(() => true);
    await eventually(isRight, within, 100).catch(() => undefined);
    await compare();
  }

  /** UIDs of pods to which that has ever happened. */
  async fated(fate: 'ended' | 'revived'): Promise<Set<string>> {
    const rows = await this.query<{ uid: string }>('SELECT uid FROM test.fates WHERE fate = $1', [fate]);
    return new Set(rows.map(({ uid }) => uid));
  }
}

export async function syncOf({ service }: Replica): Promise<{ is_leader: boolean; term: number; synced: boolean }> {
  const response = await fetch(`${service.url}/v1/pods/sync`);
  if (!response.ok) throw new Error(`no answer about the watch: ${response.status}`);
  return (await response.json()) as { is_leader: boolean; term: number; synced: boolean };
}

/** The workloads of each pod that the cache of a replica has, by the pod's name. */
export async function cachedWorkloads({ service }: Replica): Promise<Record<string, [string, string][]>> {
  return (await (await fetch(`${service.url}/v1/pods/workload/cache`)).json()) as Record<string, [string, string][]>;
}

async function shownLines({ service }: Replica): Promise<string[]> {
  const lines: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const query = new URLSearchParams({ state: 'running', limit: '30', ...(cursor !== '' && { cursor }) });
    const response = await fetch(`${service.url}/v1/pods?${query.toString()}`);
    if (!response.ok) throw new Error(`pods are not shown: ${response.status}`);
    const page = (await response.json()) as PodPage;
    lines.push(...page.items.map(shownLine));
    cursor = page.next_cursor;
  }
  return lines.sort();
}

function shownLine({ node_name, workloads, ...pod }: ShownPod): string {
  return lineOf({ ...pod, node: node_name, workloads: workloads.map(({ kind, name }) => `${kind} ${name}`) });
}
