/** A replica that stands for the lead: `leader.process.ts URL NAME RETRY_INTERVAL`. Says `elected` and `stepped down`. */
import { DatabaseServer } from '../../../src/database/database-server.js';
import { LeaderElection } from '../../../src/database/leader.js';

const [url = '', name = '', retryInterval = ''] = process.argv.slice(2);
const election = new LeaderElection(new DatabaseServer(url), { connectTimeout: 5_000 });
election.lead(name, {
  retryInterval: Number(retryInterval),
  onElected: (signal) => {
    console.log('elected');
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        console.log('stepped down');
        resolve();
      });
    });
  },
});
process.once('SIGTERM', () => {
  void election.onModuleDestroy().then(() => process.exit(0));
});
