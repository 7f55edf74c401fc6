import { MigratorError } from '../errors';
import { entry, migration } from '../plan/testing/plan.factory';
import { formatPlan } from './format-plan';
import { formatRunResult } from './format-run-result';
import { formatStatus } from './format-status';
import type { Style } from './style';
import { expectGolden } from './testing/golden';
import {
  context,
  failedResult,
  failure,
  outcome,
  planOf,
  runResult,
  statusResult,
} from './testing/result.factory';

describe('the text of a run', () => {
  it('lists what was applied', () => {
    const done = [outcome('api:1', 12.2), outcome('api:12', 61_300)];
    expectGolden(formatRunResult(runResult({ done, durationMs: 61_400 })), 'run-done.txt');
  });

  it('tells what was applied, what failed and why, what to do now, and what was not reached', () => {
    expectGolden(formatRunResult(failedResult()), 'run-failed.txt');
  });

  it('adds stack and cause of the failure where that is asked for', () => {
    const cause = new Error('relation "user" does not exist');
    const error = new MigratorError('MIGRATION_FAILED', 'no table', { cause });
    error.stack = cause.stack = 'Error\n    at Object.up (api/migrations/2_step_2.ts:7:14)';
    const text = formatRunResult(failedResult({ failed: { ...failure, error } }), {
      detail: 'verbose',
    });
    expect(text).toMatch(
      / {2}MIGRATION_FAILED: no table\n +at Object\.up \(api.*:7:14\)\n +caused by Error: relation/,
    );
  });

  it('tells a failure of the very first migration', () => {
    expectGolden(formatRunResult(failedResult({ done: [] })), 'run-failed-at-once.txt');
  });

  it('tells the runs of other projects that went before, and the failure of one of them only once', () => {
    const users = { ...context, project: 'users' };
    const before = runResult({ ...users, done: [outcome('users:1', 7)] });
    const failed = failedResult({ ...users, done: [], notReached: [] });
    const last = failedResult({ done: [], prerequisiteRuns: [before, failed] });
    expectGolden(formatRunResult(last), 'run-prerequisite-failed.txt');
  });

  it('says that there is nothing to do', () => {
    const target = {
      driver: 'pglite',
      host: 'embedded',
      port: undefined,
      database: '.data/development',
      user: undefined,
      source: 'default',
    } as const;
    const nothing = runResult({ status: 'nothing-to-do', done: [], target, databaseName: 'eu' });
    expectGolden(formatRunResult(nothing), 'run-nothing-to-do.txt');
  });

  it('tells a revert', () => {
    expectGolden(formatRunResult(runResult({ action: 'revert' })), 'run-reverted.txt');
  });

  it('shows the plan of a dry run: order, why, description, checksum, dependencies, transaction', () => {
    const described = { ...migration('api:1'), description: 'Add user profile tables' };
    const concurrent = {
      ...migration('api:2', 'api:1', 'users:7'),
      mode: 'no-transaction',
    } as const;
    const plan = planOf(
      [described, concurrent, migration('api:3')],
      [
        { kind: 'pending' },
        { kind: 'retry-failed', error: 'timeout\nof a lock' },
        { kind: 'reverted-before' },
      ],
    );
    expectGolden(
      formatRunResult(runResult({ status: 'planned', done: [], plan })),
      'run-planned.txt',
    );
  });

  it('never shows a password, wherever it came from', () => {
    const done = [{ ...outcome('api:1', 1), name: 'postgres://me:canary@host/shop' }];
    expect(formatRunResult(runResult({ done }))).not.toContain('canary');
  });
});

describe('the text of a plan', () => {
  it('is short when there is nothing in it', () => {
    expect(formatPlan(planOf([]))).toBe('Nothing to apply.');
    expect(formatPlan({ ...planOf([]), action: 'revert' })).toBe('Nothing to revert.');
  });

  it.each([
    [{ kind: 'out-of-order', behind: 'api:9' }, 'late, allowed behind api:9'],
    [{ kind: 'required-by', id: 'api:1' }, 'required by api:1'],
    [{ kind: 'requested' }, 'requested'],
    [{ kind: 'after-target', target: '7' }, 'after 7'],
    [{ kind: 'retry-failed', error: undefined }, 'failed before, tried again'],
  ] as const)('gives the reason of %o', (reason, words) => {
    expect(formatPlan(planOf([migration('api:1')], [reason]))).toContain(`why: ${words}\n`);
  });
});

describe('the text of a status', () => {
  it('shows every migration, the counts, what is in the way, and the latest rows', () => {
    expectGolden(formatStatus(statusResult()), 'status.txt');
  });

  it('of a project without migrations says so', () => {
    const counts = { applied: 0, pending: 0, failed: 0, drifted: 0 };
    const empty = { ...statusResult(), migrations: [], problems: [], recent: [], counts };
    expectGolden(formatStatus(empty), 'status-empty.txt');
  });

  it('keeps its columns straight under colours', () => {
    const paint = (text: string) => `\u001b[31m${text}\u001b[39m`;
    const style: Style = { strong: paint, quiet: paint, good: paint, bad: paint, warning: paint };
    const coloured = formatStatus(statusResult(), style);
    expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(formatStatus(statusResult()));
  });

  it('calls a server-proven user by name, and puts what is only claimed in brackets', () => {
    const claimed = { osUser: 'me', host: undefined, gitCommit: undefined, ciUrl: undefined };
    const only = entry('api:1', 'applied', { databaseUser: undefined, claimed });
    const [first] = statusResult().migrations;
    const migrations = first === undefined ? [] : [{ ...first, entry: only }];
    expect(formatStatus({ ...statusResult(), migrations })).toMatch(/ \(me\)$/m);
  });
});
