import type { Session } from '../database/database';
import { sqlState } from '../database/failure';
import { lockHeldSql } from '../database/lock';
import { redact } from '../database/redact';
import { MigratorError } from '../errors';
import { agentVersion } from './agent-version';
import type { NewHistoryEntry } from './entry';
import { explainDenied } from './permission';
import type { HistoryTables } from './tables';

/** What must still be true when a row is written inside a migration's transaction. */
export interface AppendGuard {
  /** `pg_current_xact_id()` as text, taken right after BEGIN. */
  readonly transactionId: string;
  /** The project's advisory lock, a bigint as decimal text. */
  readonly lockKey: string;
}

/** Characters of an error message and of a stack that are kept. */
const MESSAGE_LIMIT = 20_000;
const STACK_LIMIT = 50_000;

/** Column, type, value. The server itself fills in id, executed_at and database_user. */
const columns: readonly (readonly [string, string, (entry: NewHistoryEntry) => unknown])[] = [
  ['migration_name', 'text', (entry) => entry.name],
  ['version', 'text', (entry) => entry.version],
  ['description', 'text', (entry) => entry.description],
  ['checksum', 'text', (entry) => entry.checksum],
  ['checksum_algorithm', 'text', (entry) => entry.checksumAlgorithm ?? 'sha256'],
  ['execution_time_ms', 'text::bigint', (entry) => String(Math.round(entry.executionTimeMs))],
  ['success', 'text::boolean', (entry) => String(entry.success)],
  ['rollback_data', 'text::jsonb', (entry) => entry.rollbackData ?? null],
  ['environment', 'text', (entry) => entry.environment],
  ['agent_version', 'text', () => agentVersion()],
  ['project', 'text', (entry) => entry.project],
  ['action', 'text', (entry) => entry.action],
  ['state', 'text', (entry) => entry.state],
  ['attempt', 'text::integer', (entry) => String(entry.attempt)],
  ['run_id', 'text', (entry) => entry.runId],
  ['dependencies', 'text::jsonb', (entry) => JSON.stringify(entry.dependencies)],
  ['error_code', 'text', (entry) => entry.error?.code ?? null],
  ['error_message', 'text', (entry) => storable(entry.error?.message, MESSAGE_LIMIT)],
  ['error_stack', 'text', (entry) => storable(entry.error?.stack, STACK_LIMIT)],
  ['os_user', 'text', (entry) => storable(entry.claimed.osUser)],
  ['host', 'text', (entry) => storable(entry.claimed.host)],
  ['git_commit', 'text', (entry) => storable(entry.claimed.gitCommit)],
  ['ci_url', 'text', (entry) => storable(entry.claimed.ciUrl)],
  ['finished_statements', 'text::integer', (entry) => String(entry.finishedStatements)],
  ['finished_digest', 'text', (entry) => entry.finishedDigest ?? null],
];

const names = columns.map(([name]) => name).join(', ');
const placeholders = columns.map(([, type], index) => `$${index + 1}::${type}`).join(', ');

/**
 * Appends a row. Secrets are removed from its error and its claims.
 *
 * @throws {MigratorError} `CONCURRENT_RUN` when the attempt's number is taken: another runner was faster;
 *   `PERMISSION_DENIED`
 */
export async function appendEntry(
  session: Session,
  tables: HistoryTables,
  entry: NewHistoryEntry,
): Promise<void> {
  try {
    await session.query(
      `INSERT INTO ${tables.history} (${names}) VALUES (${placeholders})`,
      valuesOf(entry),
    );
  } catch (error) {
    throw explainRefusal(error, session, tables, entry);
  }
}

/**
 * Appends a row in one round trip, provided that the transaction still is the one that was begun (a migration that ends it
 * itself would otherwise look successful) and that this session still holds the project's lock.
 *
 * @returns `appended`, or which of the two no longer holds; then nothing was written
 * @throws {MigratorError} as {@link appendEntry}
 */
export async function appendGuarded(
  session: Session,
  tables: HistoryTables,
  entry: NewHistoryEntry,
  guard: AppendGuard,
): Promise<'appended' | 'transactionEscaped' | 'lockLost'> {
  const sql = `WITH guard AS MATERIALIZED (
      SELECT pg_catalog.pg_current_xact_id()::text = $${columns.length + 1}::text AS same_transaction,
        (${lockHeldSql(guard.lockKey)}) AS lock_held
    ), appended AS (
      INSERT INTO ${tables.history} (${names})
      SELECT ${placeholders} FROM guard WHERE same_transaction AND lock_held RETURNING id
    )
    SELECT CASE
      WHEN NOT same_transaction THEN 'transactionEscaped'
      WHEN NOT lock_held THEN 'lockLost'
      WHEN EXISTS (SELECT FROM appended) THEN 'appended'
    END AS outcome FROM guard`;
  try {
    const { rows } = await session.query<{
      outcome: 'appended' | 'transactionEscaped' | 'lockLost' | null;
    }>(sql, [...valuesOf(entry), guard.transactionId]);
    const outcome = rows[0]?.outcome;
    if (outcome === undefined || outcome === null) {
      throw new MigratorError(
        'HISTORY_CORRUPT',
        `${tables.history} swallowed the row of ${entry.id}: a rule or trigger on it keeps rows from being written.`,
        { hint: `Remove rules and triggers from ${tables.history}.` },
      );
    }
    return outcome;
  } catch (error) {
    throw explainRefusal(error, session, tables, entry);
  }
}

function valuesOf(entry: NewHistoryEntry): unknown[] {
  return columns.map(([, , value]) => value(entry));
}

/** Text that Postgres takes (no NUL character), without secrets, of bounded length. */
function storable(text: string | undefined, limit = 2_000): string | null {
  if (text === undefined) return null;
  // Redacted before it is cut: half a password would not be recognised.
  const clean = redact(text).replaceAll('\0', '\\0');
  return clean.length <= limit ? clean : `${clean.slice(0, limit)}… (cut)`;
}

function explainRefusal(
  error: unknown,
  session: Session,
  tables: HistoryTables,
  entry: NewHistoryEntry,
): unknown {
  const constraint = (error as { constraint?: unknown } | null)?.constraint;
  if (sqlState(error) !== '23505' || constraint !== 'migration_history_attempt_key') {
    return explainDenied(error, session, tables);
  }
  return new MigratorError(
    'CONCURRENT_RUN',
    `Attempt ${entry.attempt} of ${entry.id} in ${entry.environment} is already in the history: another runner wrote it after this one had looked.`,
    {
      hint: 'Run status, then the command again. If it happens twice, two runners do not share a lock: connect both directly, not through a pooler.',
      where: entry.id,
      cause: error,
    },
  );
}
