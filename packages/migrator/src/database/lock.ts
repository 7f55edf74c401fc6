import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { MigratorError } from '../errors';
import { renderOption } from '../remedy';
import type { LockHolder } from '../run/events';
import type { Session } from './database';

/**
 * What a project's lock keeps apart: one project's migrations in one schema. The environment is not part of it, because a
 * database belongs to one environment: two runners that call it by different names must exclude each other.
 */
export interface LockParts {
  readonly schema: string;
  readonly project: string;
}

/** How to take a lock. */
export interface LockOptions {
  readonly key: string;
  /** Any number of sessions share a lock, as long as nobody has it alone. Default `exclusive`. */
  readonly mode?: 'exclusive' | 'shared';
  /** Milliseconds to wait for another runner; 0 fails at once. */
  readonly waitMs: number;
  /** Since when that counts, by `performance.now()`, where it is one wait for several locks. Default: from the call on. */
  readonly since?: number;
  /** Named in messages. */
  readonly project: string;
  /** Who is in the way, as a sentence that goes on with the session. Default: another runner of the project. */
  readonly obstacle?: string;
  readonly signal?: AbortSignal;
  /** Called once for each runner that is found to hold the lock. */
  readonly onWaiting?: (holder: LockHolder | undefined) => void;
}

/** Milliseconds between two tries: at least this, and up to twice as much, so that waiters do not march in step. */
const PAUSE = 100;

/**
 * The key of a project's own advisory lock: the first 8 bytes of a SHA-256, as a signed bigint in decimal. Always passed as
 * text: a JavaScript number would lose its last digits and lock something else.
 */
export function lockKey({ schema, project }: LockParts): string {
  return keyOf('migration_history', schema, project);
}

/**
 * The key of the database-wide lock. Advisory locks belong to one database, so the key needs neither schema nor
 * environment. Commands that apply take it in shared mode; commands that undo or rewrite take it in exclusive mode.
 */
export function databaseLockKey(): string {
  return keyOf('migration_database');
}

function keyOf(...parts: readonly string[]): string {
  const name = ['flashfusion', ...parts].join('\0');
  return createHash('sha256').update(name).digest().readBigInt64BE(0).toString();
}

/**
 * Takes a session-level advisory lock, by polling: a session that blocks in `pg_advisory_lock` holds a snapshot and
 * deadlocks with CREATE INDEX CONCURRENTLY. Must be called outside a transaction, for the same reason. The lock goes with the
 * session: closing that frees it.
 *
 * @throws {MigratorError} `LOCK_HELD` naming the holder, `CANCELLED`
 */
export async function acquireLock(session: Session, options: LockOptions): Promise<void> {
  const deadline = (options.since ?? performance.now()) + options.waitMs;
  let told: number | undefined | 'nobody' = 'nobody';
  for (;;) {
    if (options.signal?.aborted) throw cancelled(options.project);
    if (await tryLock(session, options)) return;
    const holder = await findHolder(session, options.key);
    if (told !== holder?.pid) {
      told = holder?.pid;
      options.onWaiting?.(holder);
    }
    const pause = PAUSE * (1 + Math.random());
    if (performance.now() + pause > deadline) throw held(options, holder);
    await sleep(pause, undefined, { signal: options.signal }).catch(() => undefined);
  }
}

/** A boolean SQL expression: this very backend holds the lock. */
export function lockHeldSql(key: string): string {
  return `EXISTS (SELECT FROM pg_catalog.pg_locks held WHERE ${lockCondition(key)} AND held.pid = pg_catalog.pg_backend_pid())`;
}

async function tryLock(session: Session, { key, mode }: LockOptions): Promise<boolean> {
  const take = mode === 'shared' ? 'pg_try_advisory_lock_shared' : 'pg_try_advisory_lock';
  const { rows } = await session.query<{ locked: boolean }>(
    `SELECT pg_catalog.${take}($1::text::bigint) AS locked`,
    [key],
  );
  return rows[0]?.locked === true;
}

async function findHolder(session: Session, key: string): Promise<LockHolder | undefined> {
  const { rows } = await session.query<{
    pid: number;
    application_name: string | null;
    usename: string | null;
    since: string | null;
  }>(
    `SELECT held.pid, activity.application_name, activity.usename,
        pg_catalog.to_char(activity.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since
      FROM pg_catalog.pg_locks held
      LEFT JOIN pg_catalog.pg_stat_activity activity ON activity.pid = held.pid
      WHERE ${lockCondition(key)}`,
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  return {
    pid: row.pid,
    applicationName: row.application_name ?? '',
    user: row.usename ?? undefined,
    since: row.since ?? undefined,
  };
}

/** A condition on a row `held` of `pg_locks`: it is this bigint advisory lock. Its halves are in classid and objid, objsubid is 1. */
export function lockCondition(key: string): string {
  const bits = BigInt.asUintN(64, BigInt(key));
  return (
    `held.locktype = 'advisory' AND held.granted AND held.objsubid = 1 ` +
    `AND held.classid = ${bits >> 32n}::text::oid AND held.objid = ${bits & 0xffffffffn}::text::oid ` +
    'AND held.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())'
  );
}

function held(options: LockOptions, holder: LockHolder | undefined): MigratorError {
  const { project, waitMs } = options;
  const obstacle = options.obstacle ?? `Another runner is at work on the migrations of ${project}`;
  const waited =
    waitMs > 0
      ? `still after ${waitMs / 1000} s of waiting`
      : 'not waited for, as the lock wait is 0';
  const end =
    holder === undefined
      ? ''
      : ` If that session is dead, end it: SELECT pg_terminate_backend(${holder.pid});`;
  return new MigratorError(
    'LOCK_HELD',
    `${obstacle}: ${sessionOf(holder)}, ${waited}. Nothing was touched.`,
    {
      hint: `Run it again when the other one is through, or let it wait longer: ${renderOption('lock-wait', { placeholder: 'duration' })}, or lockWait in db.config.${end}`,
    },
  );
}

function sessionOf(holder: LockHolder | undefined): string {
  if (holder === undefined) return 'a session that cannot be seen';
  return [
    `pid ${holder.pid}`,
    holder.applicationName && `(${holder.applicationName})`,
    holder.user && `of user ${holder.user}`,
    holder.since && `connected since ${holder.since}`,
  ]
    .filter(Boolean)
    .join(' ');
}

function cancelled(project: string): MigratorError {
  return new MigratorError(
    'CANCELLED',
    `Cancelled while waiting for the lock of ${project}. Nothing was touched.`,
  );
}
