import type { Watch } from '@kubernetes/client-node';
import type { KubernetesObject } from '../../support/kubernetes/object.js';

export interface RecordedEvent {
  readonly type: string;
  readonly name: string;
  readonly version: number;
  readonly object: KubernetesObject;
}

/** What a watch of the Kubernetes client has delivered. */
export class RecordedWatch {
  readonly events: RecordedEvent[] = [];
  /** What the client says at the end: null after a clean one. */
  readonly ended: Promise<unknown>;
  private wake: () => void = () => undefined;
  private end: (reason: unknown) => void = () => undefined;

  private constructor() {
    this.ended = new Promise((resolve) => (this.end = resolve));
  }

  /** @param query parameters besides `watch` */
  static async open(watch: Watch, path: string, query: Record<string, unknown>): Promise<RecordedWatch> {
    const recorded = new RecordedWatch();
    const parameters = query as Record<string, string | number | boolean | undefined>;
    await watch.watch(
      path,
      parameters,
      (type: string, object: unknown) => {
        recorded.add(type, object as KubernetesObject);
      },
      recorded.end,
    );
    return recorded;
  }

  /** Waits for so many events since the start and returns all. */
  async until(count: number): Promise<readonly RecordedEvent[]> {
    while (this.events.length < count) await new Promise<void>((resolve) => (this.wake = resolve));
    return this.events;
  }

  private add(type: string, object: KubernetesObject): void {
    const { metadata } = object;
    this.events.push({ type, name: metadata.name, version: Number(metadata.resourceVersion), object });
    this.wake();
  }
}
