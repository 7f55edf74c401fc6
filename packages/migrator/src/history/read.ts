import type { Session } from '../database/database';
import { sqlState } from '../database/failure';
import { MigratorError, type Problem } from '../errors';
import { HIGHEST_ATTEMPT } from '../migration/attempt';
import { selectColumns } from './columns';
import type { HistoryEntry } from './entry';
import { CHAIN_FORMAT, latestFormat, type Upgrade } from './formats';
import { findGaps, findLostRows, type LostRow, type MigrationRows } from './gaps';
import { regclass } from './interference';
import { inspect, parseStamp, stampSql, unstamped } from './inspect';
import { originalState, readOriginal } from './original-agent';
import { explainDenied } from './permission';
import { formerName } from './environment';
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
  const state = await readRenamed(session, tables, environment, options, steps);
  if (state.damage.length > 0 && options.damage !== 'report') {
    throw MigratorError.fromProblems(state.damage);
  }
  return state;
}

/** Reads a second time, under the former name, only where the database still has one. */
async function readRenamed(
  session: Session,
  tables: HistoryTables,
  environment: string,
  options: ReadOptions,
  steps: readonly Upgrade[],
): Promise<HistoryState> {
  const state = await readState(session, tables, environment, options, steps);
  const renamedFrom = formerName(state, environment, options.formerEnvironments ?? []);
  if (renamedFrom === undefined) return state;
  return { ...(await readState(session, tables, renamedFrom, options, steps)), renamedFrom };
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
        ...originalState(rows, { environment, project: options.project ?? '' }),
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
      renamedFrom: undefined,
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
    Record<'stamp' | 'environments' | 'latest' | 'suspects' | 'lost', string | null> & {
      readonly hidden: boolean;
    }
  >(readSql(tables, format), [environment]);
  const found = parseStamp(rows[0]?.stamp ?? null);
  if (found === undefined) throw unstamped(tables);
  refuseNewer(found.format, steps, tables);
  const suspects = parseList<Suspect>(rows[0]?.suspects);
  const latest = parseList<RawRow>(rows[0]?.latest).reverse().map(latestOfSuspect(suspects));
  const gaps = findGaps(suspects, tables.history);
  const lost = findLostRows(parseList<LostRow>(rows[0]?.lost), tables.history);
  const damage: Problem[] = [
    ...(rows[0]?.hidden === true ? [rowsHidden(session, tables)] : []),
    ...latest.flatMap((row) => findRowProblems(row, tables.history)),
    ...gaps,
    ...lost.filter(({ where }) => gaps.every((gap) => gap.where !== where)),
  ];
  return {
    entries: latest.map(toEntry),
    renamedFrom: undefined,
    stamp: found.stamp,
    elsewhere: [],
    format: found.format,
    table: found.format < latestFormat(steps) ? 'outdated' : 'current',
    environments: parseList<string>(rows[0]?.environments),
    damage,
  };
}

/** A migration whose attempts do not count up from 1, with the row that its state is taken from. */
interface Suspect extends MigrationRows {
  readonly latest: RawRow | null;
}

/** The latest row of a migration has its highest attempt, unless a hand put an attempt there that no run can reach. */
function latestOfSuspect(suspects: readonly Suspect[]): (row: RawRow) => RawRow {
  const key = (of: { project?: unknown; version?: unknown }) =>
    JSON.stringify([of.project, of.version]);
  const replaced = new Map(suspects.map((suspect) => [key(suspect), suspect.latest]));
  return (row) => replaced.get(key(row)) ?? row;
}

function rowsHidden(session: Session, tables: HistoryTables): Problem {
  return {
    code: 'HISTORY_CORRUPT',
    message: `Row security on ${tables.history} is active for database user ${session.server.user}: it can hide rows, so what is applied is not known.`,
    hint: 'Let the owner of the table disable row level security on it, or connect as a user that bypasses it.',
    where: tables.history,
  };
}

/**
 * Everything in one statement. The index of UNIQUE (environment, project, version, attempt), read backwards, serves the
 * latest rows; read forwards and alone, it serves the counts that give a deleted row away. The newest witness of each
 * migration gives its newest row away when that was deleted.
 */
function readSql(tables: HistoryTables, format: number): string {
  const chained = format >= CHAIN_FORMAT;
  return `SELECT
    (${stampSql(tables)})::text AS stamp,
    (SELECT pg_catalog.json_agg(e.environment)
      FROM (SELECT DISTINCT environment FROM ${tables.history} ORDER BY environment) e)::text AS environments,
    (SELECT pg_catalog.json_agg(r) FROM (
      SELECT DISTINCT ON (project, version) ${selectColumns('summary', format)}
      FROM ${tables.history} WHERE environment = $1
      ORDER BY project DESC, version DESC, attempt DESC) r)::text AS latest,
    (SELECT pg_catalog.json_agg(s) FROM (
      SELECT h.project, h.version, (
        SELECT COALESCE(pg_catalog.json_agg(pg_catalog.json_build_object(
          'id', r.id::text, 'attempt', r.attempt, 'action', r.action) ORDER BY r.id), '[]')
        FROM ${tables.history} r
        WHERE r.environment = $1 AND r.project = h.project AND r.version = h.version) AS rows, (
        SELECT pg_catalog.row_to_json(l) FROM (SELECT ${selectColumns('summary', format)} FROM ${tables.history} r
          WHERE r.environment = $1 AND r.project = h.project AND r.version = h.version
          ORDER BY r.attempt BETWEEN 1 AND ${HIGHEST_ATTEMPT} DESC NULLS LAST, r.attempt DESC NULLS LAST LIMIT 1) l) AS latest
      FROM ${tables.history} h WHERE h.environment = $1
      GROUP BY h.project, h.version
      HAVING pg_catalog.count(*) IS DISTINCT FROM pg_catalog.max(h.attempt) OR pg_catalog.min(h.attempt) < 1
        OR pg_catalog.count(*) <> pg_catalog.count(h.attempt)) s)::text AS suspects,
    ${chained ? lostSql(tables) : 'NULL'}::text AS lost,
    pg_catalog.row_security_active(${regclass(tables.history)}) AS hidden`;
}

/** SQL of the newest witnesses, one for each migration, whose row is gone or has become that of another attempt. */
function lostSql(tables: HistoryTables): string {
  return `(SELECT pg_catalog.json_agg(l) FROM (
      SELECT c.row_id::text AS id, c.project, c.version, c.attempt, h.id IS NULL AS deleted
      FROM (SELECT DISTINCT ON (project, version) row_id, environment, project, version, attempt
        FROM ${tables.chain} WHERE environment = $1 ORDER BY project DESC, version DESC, row_id DESC) c
      LEFT JOIN ${tables.history} h ON h.id = c.row_id
      WHERE (h.environment, h.project, h.version, h.attempt)
        IS DISTINCT FROM (c.environment, c.project, c.version, c.attempt)) l)`;
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
      `SELECT ${selectColumns('full', format)} FROM ${tables.history} h
        WHERE environment = $1 AND project = $2 ORDER BY h.id DESC LIMIT $3::bigint`,
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
      `SELECT ${selectColumns('full', Infinity)} FROM ${tables.history} h WHERE run_id = $1 ORDER BY h.id`,
      [runId],
    );
    return rows.map(toEntry);
  } catch (error) {
    if (sqlState(error) === '42P01') return [];
    throw explainDenied(error, session, tables);
  }
}

/** To be ordered by the column `h.id`: a bare `id` is the selected text, by which 9 comes after 10. */
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
