import type { Session } from '../database/database';
import type { MigrationId } from '../migration/types';
import type { RunScope } from './change';
import type { LockHolder } from './events';

/** Milliseconds of quiet before a migration counts as long, and between two looks at it. */
const INTERVAL = 2_000;

/** Ends the watch; resolves when its connection is closed. */
export interface ProgressWatch {
  stop(): Promise<void>;
}

interface ActivityRow {
  readonly command: string | null;
  readonly phase: string | null;
  readonly percent: number | null;
  readonly blockers: LockHolder[] | null;
}

/**
 * What the runner's backend is doing: the progress that Postgres reports for long commands (manual, 27.4) and the
 * sessions that it waits for. The views differ in their columns, so each is brought to command, phase and percent.
 */
const ACTIVITY = `
  WITH progress AS (
    SELECT pid, command, phase, blocks_done::numeric / nullif(blocks_total, 0) AS part
      FROM pg_catalog.pg_stat_progress_create_index
    UNION ALL
    SELECT pid, command, phase, heap_blks_scanned::numeric / nullif(heap_blks_total, 0)
      FROM pg_catalog.pg_stat_progress_cluster
    UNION ALL
    SELECT pid, 'VACUUM', phase, heap_blks_scanned::numeric / nullif(heap_blks_total, 0)
      FROM pg_catalog.pg_stat_progress_vacuum
    UNION ALL
    SELECT pid, command, type, bytes_processed::numeric / nullif(bytes_total, 0)
      FROM pg_catalog.pg_stat_progress_copy
  )
  SELECT p.command, p.phase, (pg_catalog.round(100 * p.part))::int AS percent,
         (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
                   'pid', a.pid, 'applicationName', coalesce(a.application_name, ''),
                   'user', a.usename, 'since', a.backend_start))
            FROM pg_catalog.pg_stat_activity a
           WHERE a.pid = ANY (pg_catalog.pg_blocking_pids($1))) AS blockers
    FROM (SELECT 1) AS always
    LEFT JOIN progress p ON p.pid = $1`;

/**
 * Watches a migration from a second connection, opened only when it takes long, and tells what the server says of it: progress
 * of CREATE INDEX, CLUSTER, VACUUM and COPY, and whom it waits for. Where no second connection can be had, a mere
 * heartbeat. Never fails the run.
 */
export function watchProgress(scope: RunScope, id: MigrationId): ProgressWatch {
  const started = performance.now();
  const { backendPid } = scope.connection.session.server;
  let observer: Session | 'unavailable' | undefined;
  let looking: Promise<void> = Promise.resolve();
  let busy = false;

  async function look(): Promise<void> {
    observer ??= await openObserver(scope);
    const activity =
      observer === 'unavailable' ? undefined : await readActivity(observer, backendPid);
    const elapsedMs = performance.now() - started;
    if (activity?.blockers?.length) {
      scope.onEvent({ type: 'migration-waiting', id, elapsedMs, blockedBy: activity.blockers });
    } else {
      scope.onEvent({ type: 'migration-progress', id, elapsedMs, detail: describe(activity) });
    }
  }

  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    looking = look().finally(() => {
      busy = false;
    });
  }, INTERVAL);
  // The run's own connection keeps the process alive; watching it must not.
  timer.unref();

  return {
    async stop() {
      clearInterval(timer);
      await looking;
      if (observer !== undefined && observer !== 'unavailable') await observer.close();
    },
  };
}

async function openObserver(scope: RunScope): Promise<Session | 'unavailable'> {
  const { driver, source } = scope.database.target;
  // An embedded database has one session only. So has an application's service, whose settings another session would change
  // under the migration; and its pool may have no second client to give.
  if (driver === 'pglite' || source === 'application') return 'unavailable';
  try {
    return await scope.database.open({
      access: 'read-only',
      searchPath: ['pg_catalog'],
      lockTimeoutMs: INTERVAL,
      statementTimeoutMs: INTERVAL,
      waitMs: 0,
      applicationName: 'flashfusion progress',
    });
  } catch {
    return 'unavailable';
  }
}

async function readActivity(observer: Session, pid: number): Promise<ActivityRow | undefined> {
  try {
    return (await observer.query<ActivityRow>(ACTIVITY, [pid])).rows[0];
  } catch {
    return undefined;
  }
}

function describe(activity: ActivityRow | undefined): string | undefined {
  if (!activity?.command) return undefined;
  const percent = activity.percent === null ? '' : `, ${activity.percent} %`;
  return `${activity.command}: ${activity.phase ?? ''}${percent}`;
}
