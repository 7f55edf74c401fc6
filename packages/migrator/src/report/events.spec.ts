import { MigratorError } from '../errors';
import type { RunEvent } from '../run/events';
import { formatEvent } from './format-event';
import { expectGolden } from './testing/golden';
import { context } from './testing/result.factory';

const holder = {
  pid: 4711,
  applicationName: 'flashfusion api',
  user: 'migrator',
  since: '2025-09-17T10:22:00.000Z',
};
const stranger = { pid: 7, applicationName: '', user: undefined, since: undefined };
const about = { id: 'api:1', name: 'step_1' };
const apply = { ...about, action: 'apply', index: 0, total: 2 } as const;
const revert = { ...apply, action: 'revert' } as const;
const error = new MigratorError('LOCK_TIMEOUT', 'canceling statement due to lock timeout');

const everyEvent: readonly RunEvent[] = [
  { type: 'connecting', ...context },
  { type: 'connecting', ...context, databaseName: 'eu', tenant: 'acme' },
  { type: 'waiting-for-runner', project: 'api', holder },
  { type: 'waiting-for-runner', project: 'api', holder: undefined },
  { type: 'run-started', runId: 'r', action: 'apply', total: 2 },
  { type: 'run-started', runId: 'r', action: 'revert', total: 1 },
  { type: 'migration-started', ...apply },
  { type: 'migration-started', ...revert },
  { type: 'migration-log', id: 'api:1', level: 'info', message: 'copied 500 rows' },
  { type: 'migration-progress', id: 'api:1', elapsedMs: 65_000, detail: 'CREATE INDEX: 40 %' },
  { type: 'migration-progress', id: 'api:1', elapsedMs: 5000, detail: undefined },
  { type: 'migration-waiting', id: 'api:1', elapsedMs: 2000, blockedBy: [holder, stranger] },
  { type: 'migration-waiting', id: 'api:1', elapsedMs: 2000, blockedBy: [] },
  { type: 'migration-retrying', id: 'api:1', error, retry: 1, retries: 5, pauseMs: 500 },
  { type: 'migration-finished', ...apply, durationMs: 12 },
  { type: 'migration-finished', ...revert, durationMs: 0.3 },
  { type: 'migration-failed', ...about, action: 'apply', durationMs: 1300, error },
  { type: 'reconnecting', id: 'api:1', why: 'the connection was lost at COMMIT' },
];

describe('the lines of events', () => {
  it('tell one thing each, in plain words', () => {
    expectGolden(everyEvent.map((event) => formatEvent(event)).join('\n'), 'events.txt');
  });

  it('are left out for what a log need not show', () => {
    expect(
      formatEvent({ type: 'run-started', runId: 'r', action: 'apply', total: 0 }),
    ).toBeUndefined();
    expect(
      formatEvent({ type: 'migration-log', id: 'api:1', level: 'debug', message: 'x' }),
    ).toBeUndefined();
  });
});
