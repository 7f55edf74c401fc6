import type { CheckedEnvironment } from './config-schema';

/** What a project gets whose configuration names no environments: an embedded database, for development only. */
export const DEFAULT_ENVIRONMENTS: Readonly<Record<string, CheckedEnvironment>> = {
  development: { url: 'pglite:.data/development' },
};

/** Where migrations are, relative to the project's root. */
export const DEFAULT_MIGRATIONS = './migrations';

/** What else a configuration may leave out. Durations in milliseconds. */
export const DEFAULTS = {
  schema: 'public',
  outOfOrder: 'refuse',
  lockTimeoutMs: 5_000,
  statementTimeoutMs: 0,
  lockWaitMs: 60_000,
  lockRetries: 3,
  reconnectTimeoutMs: 60_000,
  loadTimeoutMs: 30_000,
} as const;
