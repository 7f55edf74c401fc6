import type { Session } from '../database/database';
import { sqlState } from '../database/failure';
import { MigratorError, type Problem } from '../errors';
import { selectColumns } from './columns';
import type { HistoryEntry } from './entry';
import { latestFormat, type Upgrade } from './formats';
import { findGaps, type MigrationRows } from './gaps';
import { inspect, parseStamp, stampSql, unstamped } from './inspect';
import { originalState, readOriginal } from './original-agent';
import { explainDenied } from './permission';
import { readStamps, type SchemaStamp } from './stamps';
import { findRowProblems, toEntry, type RawRow } from './row';
import type { HistoryState, ReadOptions } from './state';
import type { HistoryTables } from './tables';

/** How often the history is looked at while others may be making its tables. */
const LOOKS = 3;

/** A table, a column or a schema is not there: the history is absent, or not (yet) of our format. */
const notOurFormat = ['42P01', '42703', '3F000'];

/**
 * Reads the history of an environment in one round trip, also where it has thousands of rows; in two or three where our
 * tables are not there. Writes nothing and works in a read-only session.
 *
 * @throws {MigratorError} `HISTORY_CORRUPT` with every problem at once, `HISTORY_TOO_NEW`, `PERMISSION_DENIED`
 */
export async function readHistory(
  session: Session,
  tables: HistoryTables,
  environment: string,
  options: ReadOptions,
  steps: readonly Upgrade[],
): Promise<HistoryState> {
  const state = await readState(session, tables, environment, options, steps);
  if (state.damage.length > 0 && options.damage !== 'report') {
    throw MigratorError.fromProblems(state.damage);
  }
  return state;
}

async function readState(
  session: Session,
  tables: HistoryTables,
  environment: string,
  options: ReadOptions,
  steps: readonly Upgrade[],
  format = latestFormat(steps),
  looksLeft = LOOKS,
): Promise<HistoryState> {
  try {
    return await readOurs(session, tables, environment, steps, format);
  } catch (error) {
    if (!notOurFormat.includes(sqlState(error) ?? '')) throw explainDenied(error, session, tables);
    const found = await inspect(session, tables);
    if (found.table === 'original') {
      const rows = await readOriginal(session, tables, found.columns);
      return {
        ...originalState(rows, tables, { environment, project: options.project ?? '' }),
        elsewhere: await readElsewhere(session, tables),
      };
    }
    if (found.table === 'ours') {
      refuseNewer(found.format, steps, tables);
      // The table has an older format, or another runner has made or upgraded it in the meantime.
      if (looksLeft > 1) {
        return readState(session, tables, environment, options, steps, found.format, looksLeft - 1);
      }
      throw error;
    }
    return {
      entries: [],
      stamp: undefined,
      elsewhere: await readElsewhere(session, tables),
      format: undefined,
      table: 'absent',
      environments: [],
      damage: [],
    };
  }
}

/** How many stamps of other schemas a history without a stamp of its own is compared with: there may be thousands. */
const SAMPLE = 4;

/** Stamps of other schemas. All stamps of a database agree, so a few of them tell what the database is. */
export async function readElsewhere(
  session: Session,
  tables: HistoryTables,
): Promise<readonly SchemaStamp[]> {
  return (await readStamps(session, { except: tables.schema, sample: SAMPLE })).read;
}

async function readOurs(
  session: Session,
  tables: HistoryTables,
  environment: string,
  steps: readonly Upgrade[],
  format: number,
): Promise<HistoryState> {
  const { rows } = await session.query<
    Record<'stamp' | 'environments' | 'latest' | 'gaps', string | null>
  >(readSql(tables, format), [environment]);
  const found = parseStamp(rows[0]?.stamp ?? null);
  if (found === undefined) throw unstamped(tables);
  refuseNewer(found.format, steps, tables);
  const latest = parseList<RawRow>(rows[0]?.latest).reverse();
  const damage: Problem[] = [
    ...latest.flatMap((row) => findRowProblems(row, tables.history)),
    ...findGaps(parseList<MigrationRows>(rows[0]?.gaps), tables.history),
  ];
  return {
    entries: latest.map(toEntry),
    stamp: found.stamp,
    elsewhere: [],
    format: found.format,
    table: found.format < latestFormat(steps) ? 'outdated' : 'current',
    environments: parseList<string>(rows[0]?.environments),
    damage,
  };
}

/**
 * Everything in one statement. The index of UNIQUE (environment, project, version, attempt), read backwards, serves the
 * latest rows; read forwards and alone, it serves the counts that give a deleted row away.
 */
function readSql(tables: HistoryTables, format: number): string {
  return `SELECT
    (${stampSql(tables)})::text AS stamp,
    (SELECT pg_catalog.json_agg(e.environment)
      FROM (SELECT DISTINCT environment FROM ${tables.history} ORDER BY environment) e)::text AS environments,
    (SELECT pg_catalog.json_agg(r) FROM (
      SELECT DISTINCT ON (project, version) ${selectColumns('summary', format)}
      FROM ${tables.history} WHERE environment = $1
      ORDER BY project DESC, version DESC, attempt DESC) r)::text AS latest,
    (SELECT pg_catalog.json_agg(g) FROM (
      SELECT h.project, h.version, (
        SELECT pg_catalog.json_agg(pg_catalog.json_build_object('id', r.id::text, 'attempt', r.attempt, 'action', r.action)
          ORDER BY r.attempt)
        FROM ${tables.history} r
        WHERE r.environment = $1 AND r.project = h.project AND r.version = h.version) AS rows
      FROM ${tables.history} h WHERE h.environment = $1
      GROUP BY h.project, h.version
      HAVING pg_catalog.count(*) <> pg_catalog.max(h.attempt)) g)::text AS gaps`;
}

/**
 * The newest rows of a project, newest first, with their stacks.
 *
 * @param limit how many at most
 */
export async function readRecent(
  session: Session,
  tables: HistoryTables,
  of: { environment: string; project: string; limit: number },
  format = Infinity,
  looksLeft = LOOKS,
): Promise<HistoryEntry[]> {
  try {
    const rows = await readRows(
      session,
      `SELECT ${selectColumns('full', format)} FROM ${tables.history}
        WHERE environment = $1 AND project = $2 ORDER BY id DESC LIMIT $3::bigint`,
      [of.environment, of.project, String(of.limit)],
    );
    return rows.map(toEntry);
  } catch (error) {
    if (!notOurFormat.includes(sqlState(error) ?? '')) throw explainDenied(error, session, tables);
    const found = await inspect(session, tables);
    if (found.table === 'ours' && looksLeft > 1) {
      return readRecent(session, tables, of, found.format, looksLeft - 1);
    }
    if (found.table === 'ours') throw error;
    if (found.table === 'absent') return [];
    const rows = await readOriginal(session, tables, found.columns);
    return rows
      .filter((row) => row.environment === of.environment || row.environment === undefined)
      .map((row) => row.toEntry(of))
      .reverse()
      .slice(0, of.limit);
  }
}

/** Every row of a run in the order of writing; empty where the table is absent. */
export async function readAttempts(
  session: Session,
  tables: HistoryTables,
  runId: string,
): Promise<HistoryEntry[]> {
  try {
    const rows = await readRows(
      session,
      `SELECT ${selectColumns('full', Infinity)} FROM ${tables.history} WHERE run_id = $1 ORDER BY id`,
      [runId],
    );
    return rows.map(toEntry);
  } catch (error) {
    if (sqlState(error) === '42P01') return [];
    throw explainDenied(error, session, tables);
  }
}

async function readRows(
  session: Session,
  select: string,
  params: readonly unknown[],
): Promise<RawRow[]> {
  const { rows } = await session.query<{ row: string }>(
    `SELECT pg_catalog.row_to_json(r)::text AS row FROM (${select}) r`,
    params,
  );
  return rows.map(({ row }) => JSON.parse(row) as RawRow);
}

/** @throws {MigratorError} `HISTORY_TOO_NEW` */
export function refuseNewer(
  format: number,
  steps: readonly Upgrade[],
  tables: HistoryTables,
): void {
  if (format <= latestFormat(steps)) return;
  throw new MigratorError(
    'HISTORY_TOO_NEW',
    `${tables.history} has format ${format}; this migrator knows formats up to ${latestFormat(steps)}.`,
    { hint: 'A newer migrator was used on this database: update @flashfusion/migrator here.' },
  );
}

function parseList<T>(json: string | null | undefined): T[] {
  return json === null || json === undefined ? [] : (JSON.parse(json) as T[]);
}
