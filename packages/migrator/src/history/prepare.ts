import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Session } from '../database/database';
import { sqlState } from '../database/failure';
import { MigratorError } from '../errors';
import { agentVersion } from './agent-version';
import { findEnvironmentMismatch } from './environment';
import { chainExisting, grantChain } from './chain';
import { CHAIN_FORMAT, latestFormat, loadSql, type Upgrade } from './formats';
import { inspect, type Inspection } from './inspect';
import { readOriginal } from './original-agent';
import { explainDenied } from './permission';
import { readElsewhere, refuseNewer } from './read';
import type { SchemaStamp } from './stamps';
import type { HistoryState, PrepareOptions } from './state';
import type { HistoryTables } from './tables';
import { upgradeOriginal } from './upgrade-original';

/** How long to wait for another runner that is creating or upgrading the tables, in milliseconds. */
const BOOTSTRAP_WAIT_MS = 60_000;

/**
 * Makes the history current and stamps the database: creates the tables, upgrades older ones or the original agent's in
 * place, marks the database as protected. Everything in one transaction under a lock of its own, so that any number of
 * runners may do it at once. Costs nothing where `state` says that all is in order.
 *
 * @throws {MigratorError} `ENVIRONMENT_MISMATCH`, `HISTORY_TOO_NEW`, `HISTORY_CORRUPT`, `PERMISSION_DENIED`, `LOCK_HELD`
 *   when another runner prepares for more than a minute; nothing was written then
 */
export async function prepareHistory(
  session: Session,
  tables: HistoryTables,
  options: PrepareOptions,
  state: HistoryState | undefined,
  steps: readonly Upgrade[],
): Promise<void> {
  if (state !== undefined && isPrepared(state, options)) return;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await prepareOnce(session, tables, options, steps);
    } catch (error) {
      // Another schema was dropped while its stamp was read. The transaction was rolled back.
      if (attempt < ATTEMPTS && GONE.includes(sqlState(error) ?? '')) continue;
      throw explainDenied(error, session, tables);
    }
  }
}

/** How often preparing is tried while other schemas are being dropped, and what the server says then. */
const ATTEMPTS = 3;
const GONE: readonly string[] = ['42P01', '3F000'];

async function prepareOnce(
  session: Session,
  tables: HistoryTables,
  options: PrepareOptions,
  steps: readonly Upgrade[],
): Promise<void> {
  // Read committed, so that what another runner has just committed is seen once the lock is held.
  await session.query('BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE');
  try {
    await takeBootstrapLock(session, bootstrapKey(tables.schema), tables);
    await makeCurrent(session, tables, options, steps);
    const { command } = await session.query('COMMIT');
    if (command !== 'COMMIT') {
      throw new MigratorError(
        'TRANSACTION_ABORTED',
        `The database answered COMMIT with ${command} while the history was being prepared.`,
      );
    }
  } catch (error) {
    if (!session.closed) await session.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** @throws {MigratorError} `ENVIRONMENT_MISMATCH` */
function isPrepared(state: HistoryState, options: PrepareOptions): boolean {
  const mismatch = findEnvironmentMismatch(state, options);
  if (mismatch !== undefined) throw MigratorError.fromProblems([mismatch]);
  if (state.table !== 'current' || state.stamp === undefined) return false;
  return state.stamp.protected || !options.protected;
}

async function makeCurrent(
  session: Session,
  tables: HistoryTables,
  options: PrepareOptions,
  steps: readonly Upgrade[],
): Promise<void> {
  // DDL below names types and functions without pg_catalog: no schema of the user's may come before it.
  await session.query('SET LOCAL search_path = pg_catalog, pg_temp');
  const found = await inspect(session, tables);
  const elsewhere = found.table === 'ours' ? [] : await lockFirstStamp(session, tables);
  await refuseOtherEnvironment(session, tables, { found, elsewhere }, options);
  // Protection belongs to the database: it must survive the schema that was stamped first.
  const inherited = {
    ...options,
    protected: options.protected || elsewhere.some(({ stamp }) => stamp.protected),
  };
  if (found.table === 'absent') {
    if (!found.schemaExists) await session.query(`CREATE SCHEMA ${tables.quotedSchema}`);
    // Dropping history and stamp together is how a history is started anew on purpose: its witnesses are of no use then.
    await session.query(`DROP TABLE IF EXISTS ${tables.chain}`);
    await runSteps(session, tables, steps, 0);
    await writeStamp(session, tables, inherited, steps, 'created');
  } else if (found.table === 'original') {
    await upgradeOriginal(session, tables, options);
    await runSteps(session, tables, steps, 1);
    await writeStamp(session, tables, inherited, steps, 'upgraded from the original agent');
  } else {
    refuseNewer(found.format, steps, tables);
    const kept = { ...options, protected: options.protected || found.stamp.protected };
    if (found.format < latestFormat(steps)) {
      await runSteps(session, tables, steps, found.format);
      await writeStamp(session, tables, kept, steps, `upgraded from format ${found.format}`);
    } else if (kept.protected && !found.stamp.protected) {
      await writeStamp(session, tables, kept, steps, 'marked as protected');
    }
  }
}

/**
 * The stamps of other schemas. Where there are none yet, runners of all schemas take turns, so that two of them cannot give
 * the database two environments; once there is one, each compares itself with that one.
 */
async function lockFirstStamp(
  session: Session,
  tables: HistoryTables,
): Promise<readonly SchemaStamp[]> {
  const elsewhere = await readElsewhere(session, tables);
  if (elsewhere.length > 0) return elsewhere;
  await takeBootstrapLock(session, bootstrapKey(''), tables);
  return readElsewhere(session, tables);
}

async function refuseOtherEnvironment(
  session: Session,
  tables: HistoryTables,
  { found, elsewhere }: { found: Inspection; elsewhere: readonly SchemaStamp[] },
  options: PrepareOptions,
): Promise<void> {
  const state = {
    elsewhere,
    table: found.table === 'ours' ? ('current' as const) : found.table,
    stamp: found.table === 'ours' ? found.stamp : undefined,
    environments:
      found.table === 'original'
        ? (await readOriginal(session, tables, found.columns)).flatMap(
            (row) => row.environment ?? [],
          )
        : [],
  };
  const distinct = { ...state, environments: [...new Set(state.environments)].sort() };
  const mismatch = findEnvironmentMismatch(distinct, options);
  if (mismatch !== undefined) throw MigratorError.fromProblems([mismatch]);
}

async function runSteps(
  session: Session,
  tables: HistoryTables,
  steps: readonly Upgrade[],
  from: number,
): Promise<void> {
  for (const step of steps.filter(({ format }) => format > from)) {
    await session.query(loadSql(step.files, tables));
  }
  if (from < CHAIN_FORMAT && latestFormat(steps) >= CHAIN_FORMAT) {
    await chainExisting(session, tables);
    await grantChain(session, tables);
  }
}

/** Appends a stamp, in the caller's transaction. */
export async function writeStamp(
  session: Session,
  tables: HistoryTables,
  options: Pick<PrepareOptions, 'environment' | 'protected'>,
  steps: readonly Upgrade[],
  note: string,
): Promise<void> {
  await session.query(
    `INSERT INTO ${tables.database} (format, environment, protected, note, agent_version)
      VALUES ($1::text::integer, $2, $3::text::boolean, $4, $5)`,
    [
      String(latestFormat(steps)),
      options.environment,
      String(options.protected),
      note,
      agentVersion(),
    ],
  );
}

/**
 * Eight runners that CREATE … IF NOT EXISTS at once fail three times in four, so they take turns. Polled, never waited
 * for: a waiting backend would hold up CREATE INDEX CONCURRENTLY elsewhere. Freed by COMMIT or ROLLBACK.
 */
async function takeBootstrapLock(
  session: Session,
  key: string,
  tables: HistoryTables,
): Promise<void> {
  const deadline = performance.now() + BOOTSTRAP_WAIT_MS;
  for (;;) {
    const { rows } = await session.query<{ taken: boolean }>(
      'SELECT pg_catalog.pg_try_advisory_xact_lock($1::text::bigint) AS taken',
      [key],
    );
    if (rows[0]?.taken === true) return;
    if (performance.now() > deadline) {
      throw new MigratorError(
        'LOCK_HELD',
        `Another runner has been preparing the history in schema ${tables.quotedSchema} for more than ${BOOTSTRAP_WAIT_MS / 1_000} s.`,
        { hint: 'Look for it in pg_stat_activity; when it is gone, run the command again.' },
      );
    }
    await sleep(10 + Math.random() * 40);
  }
}

/**
 * The advisory key of preparing, different from those of the projects' runs.
 *
 * @param schema the schema, or `''` for the first stamp of the whole database
 */
function bootstrapKey(schema: string): string {
  const hash = createHash('sha256').update(
    JSON.stringify(['flashfusion', 'migration_history', 'prepare', schema]),
  );
  return hash.digest().readBigInt64BE().toString();
}
