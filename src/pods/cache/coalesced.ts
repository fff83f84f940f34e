/**
 * Runs work without overlap. A call while the work is running gets the next run, which all such calls share: what a caller did
 * before calling is seen by the run it waits for.
 */
export class Coalesced {
  private running: Promise<void> | undefined;
  private next: Promise<void> | undefined;

  constructor(private readonly work: () => Promise<void>) {}

  run(): Promise<void> {
    if (this.running === undefined) return this.start();
    this.next ??= this.running.then(
      () => this.startNext(),
      () => this.startNext(),
    );
    return this.next;
  }

  /** Resolves when nothing runs any more; never rejects. */
  async settled(): Promise<void> {
    while (this.running !== undefined) await this.running.catch(() => undefined);
  }

  private startNext(): Promise<void> {
    this.next = undefined;
    return this.start();
  }

  private start(): Promise<void> {
    this.running = this.work().finally(() => {
      // A run that others wait for follows at once: nobody may slip in between.
      if (this.next === undefined) this.running = undefined;
    });
    return this.running;
  }
}
