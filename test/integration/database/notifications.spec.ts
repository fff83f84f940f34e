import { DatabaseServer } from '../../../src/database/database-server.js';
import { Notifications, type Notification } from '../../../src/database/notifications.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';

describe('Notifications', () => {
  let database: TestDatabase;
  let notifications: Notifications;

  beforeAll(async () => {
    database = await createTestDatabase();
  });

  beforeEach(() => {
    notifications = new Notifications(new DatabaseServer(database.url), { connectTimeout: 5_000 });
  });

  afterEach(() => notifications.beforeApplicationShutdown());
  afterAll(() => database.drop());

  const send = (channel: string, payload?: string) =>
    notifications.notify(database.dataSource.manager, channel, payload);
  /** Subscribes and waits until listening has begun, which is told as `missed`. */
  const subscribed = async (channel: string) => {
    const heard: Notification[] = [];
    const unsubscribe = notifications.subscribe(channel, (notification) => {
      heard.push(notification);
    });
    await eventually(() => heard.length === 1);
    expect(heard).toEqual([{ missed: true }]);
    return { heard, unsubscribe };
  };

  it('reach the subscribers of their channel only', async () => {
    const pods = await subscribed('pods');
    const other = await subscribed('Other "channel"');
    await send('pods', 'a');
    await send('Other "channel"');
    await eventually(() => pods.heard.length === 2 && other.heard.length === 2);
    expect(pods.heard[1]).toEqual({ missed: false, payload: 'a' });
    expect(other.heard[1]).toEqual({ missed: false, payload: '' });
  });

  it('are sent when the transaction commits, and not when it rolls back', async () => {
    const { heard } = await subscribed('commits');
    const { manager } = database.dataSource;
    await manager.transaction((tx) => notifications.notify(tx, 'commits', 'kept'));
    const undone = manager.transaction(async (tx) => {
      await notifications.notify(tx, 'commits', 'undone');
      throw new Error('roll back');
    });
    await expect(undone).rejects.toThrow('roll back');
    await send('commits', 'last');
    await eventually(() => heard.length === 3);
    expect(heard.slice(1)).toEqual(['kept', 'last'].map((payload) => ({ missed: false, payload })));
  });

  it('tell every handler once that it may have missed some after a reconnect, and go on', async () => {
    const one = await subscribed('one');
    const two = await subscribed('two');
    await database.dataSource.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'telemetry-processor notifications'`,
    );
    await eventually(() => one.heard.length === 2 && two.heard.length === 2);
    await send('one', 'again');
    await eventually(() => one.heard.length === 3);
    expect(one.heard).toEqual([{ missed: true }, { missed: true }, { missed: false, payload: 'again' }]);
    expect(two.heard).toEqual([{ missed: true }, { missed: true }]);
  });

  it('stop for a handler that has unsubscribed, and survive one that throws', async () => {
    notifications.subscribe('shared', () => {
      throw new Error('no');
    });
    const left = await subscribed('shared');
    const stayed = await subscribed('shared');
    left.unsubscribe();
    await send('shared', 'x');
    await eventually(() => stayed.heard.length === 2);
    expect(left.heard).toHaveLength(1);
  });
});
