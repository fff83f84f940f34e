import { OUTCOME_INDEX } from './core/outcome.js';
import { MetricActivities, type MetricActivity } from './metric-activity.js';

const add = (activity: MetricActivity, count = 1) => {
  activity.counts[OUTCOME_INDEX.emitted] = (activity.counts[OUTCOME_INDEX.emitted] ?? 0) + count;
};
const names = (activities: MetricActivities) => [...activities.seen()].map(({ name }) => name);

describe('the activity of metrics', () => {
  it('is the sum of the window and then forgotten', () => {
    const activities = new MetricActivities(10);
    add(activities.of('a'), 2);
    activities.rotate();
    add(activities.of('a'), 3);
    add(activities.of('b'));
    expect(activities.of('a').totals()).toEqual({ emitted: 5 });
    for (let minute = 0; minute < 5; minute++) activities.rotate();
    expect(activities.of('a').totals()).toEqual({ emitted: 3 });
    activities.rotate();
    expect([...activities.seen()]).toEqual([]);
  });

  it('is bounded in names, and places become free', () => {
    const activities = new MetricActivities(1);
    add(activities.of('a'));
    add(activities.of('b'));
    expect(names(activities)).toEqual(['a', '(other)']);
    activities.retain(new Set());
    expect(activities.of('b').name).toBe('(other)');
    for (let minute = 0; minute < 6; minute++) activities.rotate();
    activities.retain(new Set([activities.of('a')]));
    expect(activities.of('b').name).toBe('(other)');
    activities.retain(new Set());
    expect(activities.of('b').name).toBe('b');
  });
});
