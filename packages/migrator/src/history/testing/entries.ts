import type { NewHistoryEntry } from '../entry';

/** A row of a migration that was applied; every test says only what it is about. */
export function newEntry(changes: Partial<NewHistoryEntry> = {}): NewHistoryEntry {
  const { project = 'api', version = '20250917102200' } = changes;
  return {
    id: `${project}:${version}`,
    project,
    version,
    name: 'create_user_profiles',
    description: 'Add user profile management tables',
    checksum: 'c0ffee'.padEnd(64, '0'),
    action: 'apply',
    state: 'applied',
    success: true,
    attempt: 1,
    runId: 'run-1',
    environment: 'staging',
    dependencies: ['api:20250915100000', 'users:20250910090000'],
    executionTimeMs: 12,
    rollbackData: undefined,
    error: undefined,
    claimed: {
      osUser: 'ada',
      host: 'laptop',
      gitCommit: 'abc123',
      ciUrl: 'https://ci.example/1',
    },
    finishedStatements: 0,
    ...changes,
  };
}

/** A row of a migration that failed. */
export function failedEntry(changes: Partial<NewHistoryEntry> = {}): NewHistoryEntry {
  const error = { code: 'MIGRATION_FAILED', message: 'it broke', stack: 'at up (a.ts:3:1)' };
  return newEntry({ state: 'failed', success: false, error, ...changes });
}
