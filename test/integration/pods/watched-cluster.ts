import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { KubernetesStandIn, type StandInOptions } from '../../support/kubernetes/stand-in.js';
import { PodsApp } from './pods-app.js';

/** A pod as `GET /v1/pods/:uid` shows it. */
export interface ShownPod {
  uid: string;
  name: string;
  namespace: string;
  node_name: string | null;
  phase: string | null;
  started_at: string | null;
  ended_at: string | null;
  workloads: { uid: string; name: string; kind: string; root: boolean | null }[];
  devices: { key: string }[];
}

/** A cluster, a database and the inventory that watches the one and writes to the other. */
export class WatchedCluster {
  private constructor(
    readonly api: KubernetesStandIn,
    readonly database: TestDatabase,
    private readonly directory: string,
    public app: PodsApp,
    private readonly settings: Record<string, string>,
  ) {}

  static async start(options: StandInOptions = {}, settings: Record<string, string> = {}): Promise<WatchedCluster> {
    return WatchedCluster.around(await KubernetesStandIn.start(options), settings);
  }

  /** Watches a cluster that is there already. */
  static async around(api: KubernetesStandIn, settings: Record<string, string> = {}): Promise<WatchedCluster> {
    const database = await createTestDatabase();
    const directory = await mkdtemp(join(tmpdir(), 'watched-cluster-'));
    const kubeconfig = join(directory, 'kubeconfig');
    await writeFile(kubeconfig, api.kubeconfig());
    const all = { KUBERNETES_MODE: 'kubeconfig', KUBECONFIG: kubeconfig, ...settings };
    const app = await PodsApp.start(database.url, all);
    return new WatchedCluster(api, database, directory, app, all);
  }

  /** Starts the service again, as after a stop. */
  async restart(): Promise<void> {
    await this.app.stop();
    this.app = await PodsApp.start(this.database.url, this.settings);
  }

  async stop(): Promise<void> {
    await this.app.stop();
    await this.api.stop();
    await this.database.drop();
    await rm(this.directory, { recursive: true, force: true });
  }

  async sync(): Promise<Record<string, unknown>> {
    return (await this.app.request('GET', '/v1/pods/sync')).body as Record<string, unknown>;
  }

  async untilSynced(): Promise<void> {
    await eventually(async () => (await this.sync())['synced'] === true);
  }

  async pod(uid: string): Promise<ShownPod | undefined> {
    const { status, body } = await this.app.request('GET', `/v1/pods/${uid}`);
    return status === 200 ? (body as ShownPod) : undefined;
  }

  /** Waits until the pod is as the probe wants it. */
  untilPod(uid: string, probe: (pod: ShownPod) => boolean): Promise<ShownPod> {
    return eventually(async () => {
      const pod = await this.pod(uid);
      return pod !== undefined && probe(pod) ? pod : undefined;
    });
  }

  /** The workloads of a pod, nearest first, as `Kind name`; the root in capitals. */
  async chain(uid: string): Promise<string[]> {
    const { workloads } = await this.untilPod(uid, (pod) => pod.workloads.length > 0);
    return workloads.map(({ kind, name, root }) =>
      root === true ? `${kind.toUpperCase()} ${name}` : `${kind} ${name}`,
    );
  }
}
