/** Another replica leads by now: nothing of the transaction may be kept, and no more be written in this term. */
export class LeadershipLost extends Error {
  constructor(readonly term: number) {
    super('Another replica watches the cluster by now');
    this.name = 'LeadershipLost';
  }
}
