import type { RunResult } from '../../run/result';
import type { TestDatabase } from '../postgres';
import type { Scenario } from './scenario';
import { NOTES, SCHEMAS, piecesOf, positions, versionAt, type Piece } from './scenario-migrations';

/** A row of a history, as far as the expectation needs it. */
export interface HistoryRow {
  readonly version: string;
  readonly action: string;
  readonly state: string;
  readonly run: string;
  /** Text of the script's statement that the row records. */
  readonly statement: string | null;
  readonly login: string;
}

/** What a database must hold, and what it may hold besides. */
interface Expectation {
  readonly must: ReadonlySet<string>;
  readonly may: ReadonlySet<string>;
}

type Queryable = Pick<TestDatabase, 'query'>;

/** What migrations of a scenario work on, beside their own tables. To be run once, before the first command. */
export function setupSql(scenario: Scenario): string {
  const all = positions(scenario).map(([position]) => `(${position})`);
  const saved = positions(scenario).filter(([, { shape }]) => shape.kind === 'saved');
  const notes = saved.flatMap(([position]) =>
    Array.from({ length: NOTES }, (_, index) => {
      return `(${position}, ${index + 1}, '${noteOf(position, index + 1)}')`;
    }),
  );
  return `
    CREATE SCHEMA orders;
    CREATE SCHEMA soak;
    CREATE TABLE soak.counters (migration int PRIMARY KEY, n int NOT NULL DEFAULT 0, fired int NOT NULL DEFAULT 0, session text);
    CREATE TABLE soak.repeats (migration int PRIMARY KEY, n int NOT NULL DEFAULT 0);
    CREATE TABLE soak.notes (migration int, id int, note text, PRIMARY KEY (migration, id));
    CREATE FUNCTION soak.session() RETURNS text LANGUAGE sql AS $$ SELECT ${SESSION} $$;
    CREATE FUNCTION soak.fire() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      NEW.fired := OLD.fired + NEW.n - OLD.n; NEW.session := soak.session(); RETURN NEW; END $$;
    CREATE TRIGGER fire BEFORE UPDATE ON soak.counters FOR EACH ROW EXECUTE FUNCTION soak.fire();
    INSERT INTO soak.counters (migration) VALUES ${all.join(', ')};
    INSERT INTO soak.repeats (migration) VALUES ${all.join(', ')};
    ${notes.length > 0 ? `INSERT INTO soak.notes VALUES ${notes.join(', ')};` : ''}`;
}

/** What a migration can notice of its session, among the settings that the runner leaves to server and role. */
const SESSION = [
  'current_user',
  'session_user',
  ...['TimeZone', 'work_mem', 'transform_null_equals', 'default_transaction_isolation'].map(
    (name) => `pg_catalog.current_setting('${name}')`,
  ),
  `coalesce(pg_catalog.current_setting('soak.own', true), '')`,
].join(` || ' ' || `);

function noteOf(position: number, id: number): string {
  return `note ${id} of ${position}`;
}

/**
 * Compares the database with what the history says: tables, columns and their owner, counters, notes, and what the session
 * was like. Of a migration without a transaction that was interrupted or failed, exactly the recorded statements must be there.
 *
 * @returns every contradiction, as a sentence
 */
export async function findContradictions(
  database: Queryable,
  scenario: Scenario,
): Promise<string[]> {
  const rows = await readHistory(database);
  const facts = await readFacts(database);
  const { must, may } = expectation(scenario, rows);
  const tell = (fact: string) => `${fact} (${JSON.stringify(standings(rows))})`;
  return [
    ...[...must].filter((fact) => !facts.has(fact)).map((fact) => `lost: ${tell(fact)}`),
    ...[...facts]
      .filter((fact) => !must.has(fact) && !may.has(fact))
      .map((fact) => `not recorded: ${tell(fact)}`),
    ...dependentsWithout(scenario, rows),
    ...rows.filter(({ login }) => login !== 'postgres').map(({ login }) => `login: ${login}`),
  ];
}

/**
 * Compares what a run says with the history: what it calls done is in the history as done, what it calls failed is not.
 *
 * @returns every contradiction, as a sentence
 */
export async function findFalseReports(database: Queryable, result: RunResult): Promise<string[]> {
  const states = standings(await readHistory(database));
  return [result, ...(result.prerequisiteRuns ?? [])].flatMap(
    ({ action, done, failed, status }) => {
      if (status === 'nothing-to-do') return [];
      const promised = action === 'apply' ? 'applied' : 'reverted';
      const stateOf = (id: string) => states[id.slice(id.lastIndexOf(':') + 1)]?.split(' ')[1];
      return [
        ...done
          .filter(({ id }) => stateOf(id) !== promised)
          .map(({ id }) => `${id} was reported as ${promised}, but is ${String(stateOf(id))}`),
        ...(failed && stateOf(failed.id) === promised
          ? [`${failed.id} was reported as failed, but is ${promised}`]
          : []),
      ];
    },
  );
}

/** The latest action and state of each version. */
export function standings(rows: readonly HistoryRow[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    rows.map(({ version, action, state }) => [version, `${action} ${state}`]),
  );
}

function expectation(scenario: Scenario, rows: readonly HistoryRow[]): Expectation {
  const must = new Set<string>();
  const may = new Set<string>();
  for (const [position, { mode, shape }] of positions(scenario)) {
    const own = rows.filter(({ version }) => version === versionAt(position));
    const pieces = piecesOf(scenario, position);
    const present = presentPieces(own, pieces);
    const last = own.at(-1)?.state ?? 'reverted';
    const isOpen = mode === 'no-transaction' && (last === 'running' || last === 'failed');
    for (const piece of pieces) {
      const isUncertain = isOpen && piece.recorded === 'after';
      if (isUncertain) piece.makes.forEach((fact) => may.add(fact));
      else if (present.has(piece)) piece.makes.forEach((fact) => must.add(fact));
    }
    if (shape.kind !== 'saved' || last === 'applied') continue;
    for (let id = 1; id <= NOTES; id += 1) (isOpen ? may : must).add(noteOf(position, id));
  }
  return { must, may };
}

/** Follows the rows of a migration: which of its statements are there after the last one. */
function presentPieces(rows: readonly HistoryRow[], pieces: readonly Piece[]): ReadonlySet<Piece> {
  let present = new Set<Piece>();
  for (const { state, action, statement } of rows) {
    if (state === 'applied') present = new Set(pieces);
    if (state === 'reverted') present = new Set();
    if (statement === null) continue;
    const isUp = action === 'apply';
    const piece = pieces.find(({ up, down }) => (isUp ? up : down) === statement);
    if (piece && isUp) present.add(piece);
    if (piece && !isUp) present.delete(piece);
  }
  return present;
}

/** A migration that is applied, or being applied, needs those that it depends on. */
function dependentsWithout(scenario: Scenario, rows: readonly HistoryRow[]): string[] {
  const states = standings(rows);
  const isApplied = (position: number) =>
    states[versionAt(position)]?.endsWith(' applied') ?? false;
  return positions(scenario).flatMap(([position, { dependencies }]) =>
    dependencies
      .filter((dependency) => isApplied(position) && !isApplied(dependency))
      .map(
        (dependency) => `${position} is applied without ${dependency} (${JSON.stringify(states)})`,
      ),
  );
}

/** All rows of both histories, in the order in which they were written. */
export async function readHistory(database: Queryable): Promise<readonly HistoryRow[]> {
  const tables = Object.values(SCHEMAS).map((schema) => `${schema}.migration_history`);
  const found: HistoryRow[] = [];
  for (const table of tables) {
    const [{ name } = { name: null }] = await database.query<{ name: string | null }>(
      `SELECT to_regclass('${table}')::text AS name`,
    );
    if (name === null) continue;
    found.push(
      ...(await database.query<HistoryRow>(
        `SELECT version, action, state, run_id AS run, CASE WHEN finished_statement ->> 'state' IS NULL THEN finished_statement ->> 'text' END AS statement,
                database_user AS login
          FROM ${table} ORDER BY id`,
      )),
    );
  }
  return found;
}

async function readFacts(database: Queryable): Promise<ReadonlySet<string>> {
  const rows = await database.query<{ fact: string }>(
    `SELECT n.nspname || '.' || c.relname || '.' || a.attname
        || CASE WHEN c.relowner = current_user::regrole THEN '' ELSE ' owned by ' || c.relowner::regrole END AS fact
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      WHERE c.relname LIKE 'm\\_%' AND c.relpersistence <> 't'
     UNION ALL SELECT 'counter ' || migration || ' = ' || n FROM soak.counters WHERE n <> 0
     UNION ALL SELECT 'counter ' || migration || ' without its trigger' FROM soak.counters WHERE n <> fired
     UNION ALL SELECT 'session of ' || migration || ': ' || session FROM soak.counters WHERE session <> soak.session()
     UNION ALL SELECT 'repeat ' || migration FROM soak.repeats WHERE n > 0
     UNION ALL SELECT note FROM soak.notes WHERE note IS NOT NULL`,
  );
  return new Set(rows.map(({ fact }) => fact));
}

/** How often the hazards of the migrations' files were met. */
export function countHazards(scenario: Scenario, rows: readonly HistoryRow[]): readonly string[] {
  return positions(scenario).flatMap(([position, { shape, leak }]) => {
    const own = rows.filter(({ version }) => version === versionAt(position));
    // The last row of each run says how the attempt ended.
    const ends = new Map(own.map((row) => [`${row.action} ${row.run}`, row]));
    const attempts = [...ends.values()].filter(({ action }) => action !== 'repair');
    const failed = attempts.filter(({ state }) => state === 'running' || state === 'failed');
    const done = attempts.length - failed.length;
    return [
      ...(shape.kind === 'plain' ? [] : failed.map(() => `unfinished attempt: ${shape.kind}`)),
      ...(leak === undefined ? [] : Array.from({ length: done }, () => `leak: ${leak}`)),
    ];
  });
}
