/** The tables that a project's migrations create, each with the columns that the migrations name. */
export type KnownTables = ReadonlyMap<string, ReadonlySet<string>>;

const NAME = '"?([A-Za-z_][\\w$]*)"?';
const TABLE = `(?:IF\\s+(?:NOT\\s+)?EXISTS\\s+)?(?:ONLY\\s+)?(?:${NAME}\\s*\\.\\s*)?${NAME}`;
const CREATE_TABLE = new RegExp(`\\bCREATE\\s+(?:UNLOGGED\\s+)?TABLE\\s+${TABLE}\\s*\\(`, 'gi');
const ALTER_TABLE = new RegExp(`\\bALTER\\s+TABLE\\s+${TABLE}([^;\`]*)`, 'gi');
const ADD_COLUMN = new RegExp(`\\bADD\\s+(?:COLUMN\\s+)(?:IF\\s+NOT\\s+EXISTS\\s+)?${NAME}`, 'gi');
/** First words of the elements of CREATE TABLE that are not columns. */
const NOT_A_COLUMN = new Set([
  'check',
  'constraint',
  'exclude',
  'foreign',
  'like',
  'primary',
  'unique',
]);

/**
 * Reads which tables and columns migrations create, from their text: CREATE TABLE and ADD COLUMN. Nothing is parsed or run, so
 * the answer only decides between several readings of a migration's name. A table that a later migration drops is included.
 *
 * @param sources text of the migrations, in any order
 */
export function readKnownTables(sources: readonly string[]): KnownTables {
  const tables = new Map<string, Set<string>>();
  const columnsOf = (table: string) => {
    const name = table.toLowerCase();
    const columns = tables.get(name) ?? new Set();
    tables.set(name, columns);
    return columns;
  };
  for (const source of sources) {
    for (const match of source.matchAll(CREATE_TABLE)) {
      const columns = columnsOf(match[2] ?? '');
      for (const element of elementsOf(source, match.index + match[0].length)) {
        const [, column = ''] = new RegExp(`^\\s*${NAME}`).exec(element) ?? [];
        if (column !== '' && !NOT_A_COLUMN.has(column.toLowerCase())) {
          columns.add(column.toLowerCase());
        }
      }
    }
  }
  for (const source of sources) {
    for (const [, , table = '', actions = ''] of source.matchAll(ALTER_TABLE)) {
      const columns = tables.get(table.toLowerCase());
      for (const [, column = ''] of actions.matchAll(ADD_COLUMN))
        columns?.add(column.toLowerCase());
    }
  }
  return tables;
}

/** The elements between a parenthesis and the one that closes it. */
function elementsOf(source: string, start: number): string[] {
  const elements: string[] = [];
  let depth = 1;
  let from = start;
  for (let index = start; index < source.length && depth > 0; index += 1) {
    const character = source[index];
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (depth === 0 || (depth === 1 && character === ',')) {
      elements.push(source.slice(from, index));
      from = index + 1;
    }
  }
  return elements;
}
