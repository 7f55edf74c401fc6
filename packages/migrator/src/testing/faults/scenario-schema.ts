import type { RunResult } from '../../run/result';
import type { TestDatabase } from '../postgres';
import type { SqlMigration } from './project';
import type { GraphMigration, Scenario } from './scenario';

/** One statement of a migration, how it is undone, and the columns (`table.column`) that it makes. */
interface Piece {
  readonly up: string;
  readonly down: string;
  readonly makes: readonly string[];
}

/** The latest row of a migration. */
interface Standing {
  readonly version: string;
  readonly action: string;
  readonly state: string;
  readonly finished_statements: number;
}

/** The version of the migration at a position. */
export function versionAt(position: number): string {
  return String(20250101000000 + position);
}

/** The migrations of a scenario: each makes two tables, and a column in a table of each it depends on. */
export function migrationsOf({ graph }: Scenario): SqlMigration[] {
  return graph.map((migration, position) => {
    const pieces = piecesOf(migration, position);
    return {
      version: versionAt(position),
      name: `m_${position}`,
      dependencies: migration.dependencies.map(versionAt),
      transaction: migration.mode === 'transaction',
      send: migration.mode === 'transaction' ? 'query' : 'script',
      up: pieces.map(({ up }) => up),
      down: pieces.map(({ down }) => down).reverse(),
    };
  });
}

/** None of the statements can be repeated: one that runs twice fails, and is found. */
function piecesOf({ dependencies }: GraphMigration, position: number): Piece[] {
  return [
    ...['a', 'b'].map((letter) => ({
      up: `CREATE TABLE m_${position}_${letter} (id int)`,
      down: `DROP TABLE m_${position}_${letter}`,
      makes: [`m_${position}_${letter}.id`],
    })),
    ...dependencies.map((dependency) => ({
      up: `ALTER TABLE m_${dependency}_a ADD COLUMN by_${position} int`,
      down: `ALTER TABLE m_${dependency}_a DROP COLUMN by_${position}`,
      makes: [`m_${dependency}_a.by_${position}`],
    })),
  ];
}

/**
 * Compares the schema with what the history says. Of a migration without a transaction that was interrupted or failed, exactly
 * the finished statements must be there.
 *
 * @returns every contradiction, as a sentence
 */
export async function findContradictions(
  database: Pick<TestDatabase, 'query'>,
  { graph }: Scenario,
): Promise<string[]> {
  const standings = await readStandings(database);
  const columns = await readColumns(database);
  const must = new Set<string>();
  const may = new Set<string>();
  for (const [position, migration] of graph.entries()) {
    const standing = standings.get(versionAt(position));
    const pieces = piecesOf(migration, position);
    const finished = finishedPieces(standing, migration, pieces);
    for (const { makes } of finished.must) makes.forEach((column) => must.add(column));
    for (const { makes } of finished.may) makes.forEach((column) => may.add(column));
  }
  const tell = (column: string) => `${column} (${JSON.stringify([...standings.values()])})`;
  return [
    ...[...must].filter((column) => !columns.has(column)).map((column) => `lost: ${tell(column)}`),
    ...[...columns]
      .filter((column) => !must.has(column) && !may.has(column))
      .map((column) => `not recorded: ${tell(column)}`),
  ];
}

/**
 * Compares what a run says with the history: what it calls done is in the history as done, what it calls failed is not.
 *
 * @returns every contradiction, as a sentence
 */
export async function findFalseReports(
  database: Pick<TestDatabase, 'query'>,
  { action, done, failed, status }: RunResult,
): Promise<string[]> {
  if (status === 'nothing-to-do') return [];
  const standings = await readStandings(database);
  const promised = action === 'apply' ? 'applied' : 'reverted';
  const stateOf = (id: string) => standings.get(id.slice(id.lastIndexOf(':') + 1))?.state;
  return [
    ...done
      .filter(({ id }) => stateOf(id) !== promised)
      .map(({ id }) => `${id} was told to be ${promised}, but is ${String(stateOf(id))}`),
    ...(failed && stateOf(failed.id) === promised
      ? [`${failed.id} was told to have failed, but is ${promised}`]
      : []),
  ];
}

function finishedPieces(
  standing: Standing | undefined,
  { mode }: GraphMigration,
  pieces: readonly Piece[],
): { must: readonly Piece[]; may: readonly Piece[] } {
  if (standing === undefined || standing.state === 'reverted') return { must: [], may: [] };
  if (standing.state === 'applied') return { must: pieces, may: [] };
  if (mode === 'transaction') return { must: [], may: [] };
  // A statement and its row commit together: what is not recorded is not there.
  const finished = standing.finished_statements;
  const left = standing.action === 'apply' ? finished : pieces.length - finished;
  return { must: pieces.slice(0, left), may: [] };
}

async function readStandings(
  database: Pick<TestDatabase, 'query'>,
): Promise<ReadonlyMap<string, Standing>> {
  const [table] = await database.query<{ name: string | null }>(
    `SELECT to_regclass('public.migration_history')::text AS name`,
  );
  if (!table?.name) return new Map();
  const rows = await database.query<Standing>(
    `SELECT DISTINCT ON (version) version, action, state, finished_statements
       FROM public.migration_history ORDER BY version, attempt DESC`,
  );
  return new Map(rows.map((row) => [row.version, row]));
}

async function readColumns(database: Pick<TestDatabase, 'query'>): Promise<ReadonlySet<string>> {
  const rows = await database.query<{ name: string }>(
    `SELECT c.relname || '.' || a.attname AS name
       FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      WHERE c.relnamespace = 'public'::regnamespace AND c.relname LIKE 'm\\_%'`,
  );
  return new Set(rows.map(({ name }) => name));
}
