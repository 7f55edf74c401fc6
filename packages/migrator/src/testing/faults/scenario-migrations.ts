import type { GraphMigration, Leak, Scenario } from './scenario';

/** One statement of a migration, how it is undone, and the facts that it makes. */
export interface Piece {
  readonly up: string;
  readonly down: string;
  readonly makes: readonly string[];
  /** A query whose column `there` says whether its effect is there. */
  readonly exists: string;
  /** `together`: commits with its record, so that it runs exactly once. `after`: may run again after a kill. */
  readonly recorded: 'together' | 'after';
}

/**
 * How the file of a migration stands: as it was first written, which fails if its shape is `corrected`; as it was meant; or
 * without conditions and with one script where there were two, as an author writes it after a refused resume.
 */
export type FileState = 'first' | 'meant' | 'unconditional';

/** Notes that each migration of the shape `saved` destroys. */
export const NOTES = 4;

/** The schemas of the projects' tables. */
export const SCHEMAS = { shop: 'public', orders: 'orders' } as const;

/** The version of the migration at a position. */
export function versionAt(position: number): string {
  return String(20250101000000 + position);
}

/** The migrations of a scenario with their positions. */
export function positions({ graph }: Scenario): readonly (readonly [number, GraphMigration])[] {
  return [...graph.entries()];
}

/** The statements of a migration. None of those with `together` can run twice without a trace. */
export function piecesOf({ graph }: Scenario, position: number): readonly Piece[] {
  const migration = graph[position];
  if (migration === undefined) return [];
  const schema = SCHEMAS[migration.project];
  const table = (letter: string): Piece => ({
    up: `CREATE TABLE m_${position}_${letter} (id int)`,
    down: `DROP TABLE m_${position}_${letter}`,
    makes: [`${schema}.m_${position}_${letter}.id`],
    exists: `SELECT to_regclass('m_${position}_${letter}') IS NOT NULL AS there`,
    recorded: 'together',
  });
  return [
    table('a'),
    counterPiece(position),
    table('b'),
    // Not the first of its script: a condition on a statement that may have run without its record would skip the script.
    ...(migration.mode === 'no-transaction' ? [repeatPiece(position)] : []),
    ...migration.dependencies.map((dependency) => columnPiece(graph, dependency, position)),
  ];
}

/** A counter that says how often its statement ran. */
function counterPiece(position: number): Piece {
  const of = `soak.counters WHERE migration = ${position}`;
  return {
    up: `UPDATE soak.counters SET n = n + 1 WHERE migration = ${position}`,
    down: `UPDATE soak.counters SET n = n - 1 WHERE migration = ${position}`,
    makes: [`counter ${position} = 1`],
    exists: `SELECT n > 0 AS there FROM ${of}`,
    recorded: 'together',
  };
}

/** Postgres allows DO to end the transaction, so its record follows it. */
function repeatPiece(position: number): Piece {
  const set = (value: string) =>
    `DO $$ BEGIN UPDATE soak.repeats SET n = ${value} WHERE migration = ${position}; END $$`;
  return {
    up: set('n + 1'),
    down: set('0'),
    makes: [`repeat ${position}`],
    exists: `SELECT n > 0 AS there FROM soak.repeats WHERE migration = ${position}`,
    recorded: 'after',
  };
}

function columnPiece(graph: Scenario['graph'], dependency: number, position: number): Piece {
  const name = `m_${dependency}_a`;
  const schema = SCHEMAS[graph[dependency]?.project ?? 'shop'];
  // Only tables of the other schema are qualified: the rest shows whether a search path has leaked.
  const table = schema === SCHEMAS[graph[position]?.project ?? 'shop'] ? name : `${schema}.${name}`;
  return {
    up: `ALTER TABLE ${table} ADD COLUMN by_${position} int`,
    down: `ALTER TABLE ${table} DROP COLUMN by_${position}`,
    makes: [`${schema}.${name}.by_${position}`],
    exists: `SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('${table}') AND attname = 'by_${position}' AND NOT attisdropped) AS there`,
    recorded: 'together',
  };
}

/** The source of a migration's file. Dependencies on the other project use the name that it began with. */
export function sourceOf(scenario: Scenario, position: number, state: FileState): string {
  const migration = scenario.graph[position];
  if (migration === undefined) throw new Error(`There is no migration ${position}.`);
  const pieces = piecesOf(scenario, position);
  const fields = {
    version: versionAt(position),
    name: `m_${position}`,
    description: `m_${position}`,
    transaction: migration.mode === 'transaction',
    dependencies: migration.dependencies.map((dependency) => {
      const { project } = scenario.graph[dependency] ?? migration;
      return project === migration.project
        ? versionAt(dependency)
        : `${project}:${versionAt(dependency)}`;
    }),
  };
  const isSaved = migration.shape.kind === 'saved';
  const undo = pieces.map(({ down }) => down).reverse();
  const up = [
    ...(isSaved ? [destroyNotes(migration, position)] : []),
    ...body(migration, pieces, state),
    ...leakOf(migration.leak, position),
    ...(isSaved && migration.mode === 'transaction' ? ['return rows;'] : []),
  ];
  const down = [
    ...(isSaved ? [restoreNotes(position)] : []),
    ...(migration.mode === 'transaction' ? undo.map(query) : [script(undo)]),
    ...leakOf(migration.leak, position),
  ];
  return `module.exports = {
  ...${JSON.stringify(fields)},
  async up(db, agent) {
    ${up.join('\n    ')}
  },
  async down(db, agent, saved) {
    ${down.join('\n    ')}
  },
};
`;
}

function body(
  { shape, mode }: GraphMigration,
  pieces: readonly Piece[],
  state: FileState,
): readonly string[] {
  const all = pieces.map(({ up }) => up);
  switch (shape.kind) {
    case 'plain':
    case 'saved':
      return mode === 'transaction' ? all.map(query) : [script(all)];
    case 'guarded': {
      const groups = [pieces.slice(0, 2), pieces.slice(2)];
      return groups.map((group) => {
        const tested = shape.looksFor === 'first' ? group[0] : group.at(-1);
        const call = script(group.map(({ up }) => up));
        if (state === 'unconditional') return call;
        return `if (!(await db.query(${JSON.stringify(tested?.exists)})).rows[0].there) ${call}`;
      });
    }
    case 'corrected': {
      const [begin, rest] = [all.slice(0, 2), all.slice(2)];
      if (state === 'first') return [script([...begin, 'SELECT 1 / 0', ...rest])];
      const isOne = shape.into === 'one-call' || state === 'unconditional';
      return isOne ? [script(all)] : [script(begin), script(rest)];
    }
  }
}

/** Two statements, so that an attempt can end between them. A later attempt finds fewer notes to save. */
function destroyNotes({ mode }: GraphMigration, position: number): string {
  const of = `soak.notes WHERE migration = ${position}`;
  return [
    `const { rows } = ${query(`SELECT id, note FROM ${of} AND note IS NOT NULL ORDER BY id`)}`,
    ...(mode === 'no-transaction' ? ['await agent.saveRollbackData(rows);'] : []),
    query(`UPDATE soak.notes SET note = NULL WHERE migration = ${position} AND id <= ${NOTES / 2}`),
    query(`UPDATE soak.notes SET note = NULL WHERE migration = ${position}`),
  ].join('\n    ');
}

function restoreNotes(position: number): string {
  const sql = `UPDATE soak.notes SET note = $2 WHERE migration = ${position} AND id = $1`;
  return `for (const { id, note } of saved) await db.query(${JSON.stringify(sql)}, [id, note]);`;
}

const LEAKED: Readonly<Record<Exclude<Leak, 'temporary-table'>, readonly string[]>> = {
  'replication-role': ['SET session_replication_role = replica'],
  'search-path': ['SET search_path = soak'],
  role: ['SET ROLE pg_monitor'],
  authorization: ['SET SESSION AUTHORIZATION pg_monitor'],
  'time-zone': [`SET TimeZone = 'Asia/Tokyo'`, `SET DateStyle = 'SQL, DMY'`],
  'read-only': ['SET default_transaction_read_only = on'],
  isolation: ['SET default_transaction_isolation = serializable', 'SET work_mem = 4321'],
  'lock-timeout': ['SET lock_timeout = 1'],
  'own-setting': [`SET soak.own = 'leaked'`, 'SET transform_null_equals = on'],
  'prepared-statement': ['PREPARE leaked AS SELECT 1'],
  cursor: ['DECLARE leaked CURSOR WITH HOLD FOR SELECT 1'],
};

/** A temporary table hides the migration's own table from later migrations. */
function leakOf(leak: Leak | undefined, position: number): readonly string[] {
  if (leak === undefined) return [];
  if (leak === 'temporary-table') return [query(`CREATE TEMP TABLE m_${position}_a (id int)`)];
  return LEAKED[leak].map(query);
}

function query(sql: string): string {
  return `await db.query(${JSON.stringify(sql)});`;
}

function script(statements: readonly string[]): string {
  return `await db.script(${JSON.stringify(statements.join(';\n'))});`;
}
