import { MigratorError } from '../../errors';
import { migrationStatuses } from '../../plan/migration-statuses';
import { entry, file, longId, migration, type Sketch } from '../../plan/testing/plan.factory';
import type { StepReason } from '../../plan/types';
import type { RunResult, StatusResult } from '../../run/result';
import { recoveryGuidance } from '../guidance';

/** What every result of these tests begins with. */
export const context = {
  project: 'api',
  environment: 'staging',
  databaseName: undefined,
  target: {
    driver: 'postgres',
    host: 'db.example.org',
    port: 5432,
    database: 'shop',
    user: 'migrator',
    source: 'STAGING_DATABASE_URL',
  },
} as const;

/** The failure of `api:2`, with the guidance that a real run gives. */
export const failure = {
  id: migration('api:2').id,
  name: 'step_2',
  durationMs: 3.4,
  error: new MigratorError('MIGRATION_FAILED', 'relation "user" does not exist (SQLSTATE 42P01)', {
    hint: 'Did you mean "users"?',
    where: migration('api:2').file.path,
  }),
  guidance: recoveryGuidance(
    { code: 'MIGRATION_FAILED' },
    {
      id: migration('api:2').id,
      name: 'step_2',
      action: 'apply',
      mode: 'transaction',
      project: 'api',
      environment: 'staging',
    },
  ),
};

/** A run of `api:1` that was done, unless told otherwise. */
export function runResult(changes: Partial<RunResult> = {}): RunResult {
  return {
    ...context,
    action: 'apply',
    status: 'done',
    runId: '1a2b3c4d-0000-4000-8000-000000000000',
    plan: planOf([migration('api:1')]),
    done: [outcome('api:1', 12.2)],
    failed: undefined,
    notReached: [],
    prerequisiteRuns: [],
    durationMs: 41,
    finishedAt: '2025-11-20T12:00:00.000Z',
    ...changes,
  };
}

/** A run of four of which the second failed. */
export function failedResult(changes: Partial<RunResult> = {}): RunResult {
  return runResult({
    status: 'failed',
    failed: failure,
    notReached: ['api:3', 'api:4'].map((short) => migration(short).id),
    durationMs: 1340,
    ...changes,
  });
}

/** What became of one migration. */
export function outcome(short: string, durationMs: number): RunResult['done'][number] {
  const { id, name } = migration(short);
  return { id, name, durationMs };
}

/** A plan of these steps, each of them pending unless reasons are given. */
export function planOf(
  migrations: readonly Sketch[],
  reasons: readonly StepReason[] = [],
): RunResult['plan'] {
  const steps = migrations.map((one, index) => ({
    migration: one,
    reason: reasons[index] ?? ({ kind: 'pending' } as const),
    attempt: index + 1,
  }));
  return { action: 'apply', project: 'api', environment: 'staging', steps };
}

/** One migration of every kind. */
export function statusResult(): StatusResult {
  const failed = entry('api:3', 'failed', {
    attempt: 2,
    error: { code: 'MIGRATION_FAILED', message: 'no table\nat line 3', stack: undefined },
    claimed: { osUser: 'runner', host: 'ci-7', gitCommit: 'abc', ciUrl: undefined },
  });
  const entries = [
    entry('api:1', 'applied', { action: 'baseline' }),
    entry('api:2', 'applied', { checksum: 'f'.repeat(64), executionTimeMs: 125_000 }),
    failed,
    entry('api:4', 'running'),
    entry('api:6'),
    entry('api:7', 'reverted', { databaseUser: undefined }),
  ];
  const files = ['api:1', 'api:2', 'api:3', 'api:4', 'api:5', 'api:7', 'api:8'].map(file);
  return {
    ...context,
    migrations: migrationStatuses({
      project: 'api',
      files,
      entries,
      late: new Set([longId('api:5')]),
    }),
    counts: { applied: 3, pending: 2, failed: 1, drifted: 3 },
    formerEnvironment: undefined,
    formerNames: [],
    recent: [failed, ...entries.slice(0, 2)],
    problems: [
      {
        code: 'FILE_MISSING',
        message: 'api:6 is applied, but its file is gone.',
        hint: 'Bring the file back.',
        where: 'api:6',
      },
      {
        code: 'OUT_OF_ORDER',
        message: 'api:5 is pending, but the newer api:6 is applied already.',
      },
    ],
  };
}
