import { join } from 'node:path';
import { DatabaseServer } from '../../../src/database/database-server.js';
import { LeaderElection, type LeaderOptions } from '../../../src/database/leader.js';
import { ScriptProcess } from '../../support/child-process.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { TcpProxy } from '../../support/tcp-proxy.js';

const REPLICA = join(import.meta.dirname, 'leader.process.ts');

describe('LeaderElection', () => {
  let database: TestDatabase;
  let election: LeaderElection;

  beforeAll(async () => {
    database = await createTestDatabase();
  });

  beforeEach(() => {
    election = new LeaderElection(new DatabaseServer(database.url), { connectTimeout: 5_000 });
  });

  afterEach(() => election.onModuleDestroy());
  afterAll(() => database.drop());

  /** A job that notes when it runs, until it is told to stop. */
  const untilAborted = (notes: string[], note: string): LeaderOptions['onElected'] => {
    return async (signal) => {
      notes.push(`${note} begins`);
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => {
          resolve();
        });
      });
      notes.push(`${note} ends`);
    };
  };

  it('lets one candidate lead, and the next one after it has stepped down', async () => {
    const notes: string[] = [];
    const first = election.lead('job', { onElected: untilAborted(notes, 'first'), retryInterval: 50 });
    await eventually(() => notes.includes('first begins'));
    election.lead('job', { onElected: untilAborted(notes, 'second'), retryInterval: 50 });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(notes).toEqual(['first begins']);
    await first.stop();
    await eventually(() => notes.includes('second begins'));
    expect(notes).toEqual(['first begins', 'first ends', 'second begins']);
  });

  it('lets different names lead side by side', async () => {
    const notes: string[] = [];
    election.lead('one', { onElected: untilAborted(notes, 'one') });
    election.lead('other', { onElected: untilAborted(notes, 'other') });
    await eventually(() => notes.length === 2);
  });

  it('aborts the work at once when the connection is lost, and stands again', async () => {
    const notes: string[] = [];
    election.lead('lost', { onElected: untilAborted(notes, 'work'), retryInterval: 50 });
    await eventually(() => notes.length === 1);
    await database.dataSource.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'telemetry-processor leader lost'`,
    );
    await eventually(() => notes.length === 3);
    expect(notes).toEqual(['work begins', 'work ends', 'work begins']);
  });

  it('lets another candidate try when the work fails', async () => {
    let turns = 0;
    election.lead('failing', {
      retryInterval: 50,
      onElected: () => {
        turns += 1;
        return Promise.reject(new Error('no'));
      },
    });
    await eventually(() => turns >= 2);
  });

  it('passes to another replica when the leading process is killed', async () => {
    const first = ScriptProcess.start(REPLICA, database.url, 'killed', '500');
    await first.says(/elected/);
    const second = ScriptProcess.start(REPLICA, database.url, 'killed', '500');
    try {
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      expect(second.text).not.toContain('elected');
      await first.end('SIGKILL');
      await second.says(/elected/, 15_000);
    } finally {
      await first.end('SIGKILL');
      expect(await second.end('SIGTERM')).toBe(0);
    }
    expect(second.text).toContain('stepped down');
  }, 40_000);

  it('passes to another replica when the leading process is stopped, which notices when it goes on', async () => {
    const first = ScriptProcess.start(REPLICA, database.url, 'stopped', '500');
    await first.says(/elected/);
    const second = ScriptProcess.start(REPLICA, database.url, 'stopped', '500');
    try {
      first.signal('SIGSTOP');
      await second.says(/elected/, 15_000);
      first.signal('SIGCONT');
      await first.says(/stepped down/);
    } finally {
      await first.end('SIGKILL');
      await second.end('SIGTERM');
    }
  }, 40_000);

  it('ends soon for a leader that the network has cut off without a word', async () => {
    const proxy = await TcpProxy.start(database.url);
    const remote = new LeaderElection(new DatabaseServer(proxy.url), { connectTimeout: 1_000 });
    const notes: string[] = [];
    try {
      remote.lead('cut off', { onElected: untilAborted(notes, 'work'), retryInterval: 50 });
      await eventually(() => notes.length === 1);
      proxy.freeze();
      await eventually(() => notes.includes('work ends'), 6_000);
      proxy.thaw();
      await eventually(() => notes.length === 3);
    } finally {
      await remote.onModuleDestroy();
      await proxy.close();
    }
  }, 30_000);
});
