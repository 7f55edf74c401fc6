import type { Problem } from '../errors';
import { listFirst } from '../text/list-first';

/** An entry of a migrations folder that is no migration of ours. */
export interface OtherEntry {
  readonly name: string;
  /** Names within it, if it is a folder whose name starts with a digit; else empty. */
  readonly children: readonly string[];
  /** The beginning of its text, if it is SQL that is numbered; else empty. */
  readonly text: string;
}

/** What was found of other tools. */
export interface ForeignMigrations {
  readonly problems: readonly Problem[];
  /** Of the entries that the problems are about. */
  readonly names: ReadonlySet<string>;
}

/** What an entry is to another tool. */
interface Recognized {
  readonly tool: string;
  /**
   * `layout`: only that tool names files so. `number`: it is numbered like a migration, but a migration of ours may also read it.
   */
  readonly by: 'layout' | 'number';
}

/** Names shown in a message. */
const SHOWN = 5;

const SQL_HEADERS: readonly (readonly [RegExp, string])[] = [
  [/^\s*--\s*\+goose\s+Up/im, 'goose'],
  [/^\s*--\s*migrate:up/im, 'dbmate'],
  [/^\s*--\s*Up Migration/im, 'node-pg-migrate'],
  [/^\s*--\s*\+migrate\s+Up/im, 'sql-migrate'],
  [/^\s*--\s*rambler\s+up/im, 'rambler'],
  [/^--\s*liquibase formatted sql/im, 'Liquibase'],
];

const FILES: readonly (readonly [RegExp, Recognized])[] = [
  [/^\d+_.*\.(?:up|down)\.sql$/i, { tool: 'golang-migrate or sqlx', by: 'layout' }],
  [/^\d+\.(?:do|undo)\..*\.sql$/i, { tool: 'postgrator', by: 'layout' }],
  [/^(?:[VUB]\d[\d._]*|R)__.+\.(?:sql|java|kt)$/, { tool: 'Flyway', by: 'layout' }],
  [/^Migration\d{14}.*\.[mc]?[jt]s$/, { tool: 'MikroORM', by: 'layout' }],
  [/^m\d{6,8}_\d{6}_.+\.(?:php|rs)$/, { tool: 'Yii or SeaORM', by: 'layout' }],
  [/^Version\d{14}\.php$/, { tool: 'Doctrine', by: 'layout' }],
  [/^sqitch\.plan$/, { tool: 'Sqitch', by: 'layout' }],
  [
    /^(?:db\.)?changelog(?:-(?:master|root))?\.(?:xml|ya?ml|sql)$/i,
    { tool: 'Liquibase', by: 'number' },
  ],
  [/^\d+[._-].*\.rb$/, { tool: 'Rails', by: 'number' }],
  [/^\d+[._-].*\.py$/, { tool: 'Django', by: 'number' }],
  [/^\d+[._-].*\.php$/, { tool: 'Laravel', by: 'number' }],
  [/^\d+[._-].*\.go$/, { tool: 'goose', by: 'number' }],
  [/^\d+[._-].*\.cs$/, { tool: 'Entity Framework', by: 'number' }],
  [/^\d+[._-].*\.exs$/, { tool: 'Ecto', by: 'number' }],
  // SQL with a version of ours is reported as misnamed instead.
  [/^(?!\d{14}[_.]|\d{4}-\d\d-\d\dT)\d+[._-].*\.sql$/i, { tool: 'another tool', by: 'number' }],
];

/**
 * Finds migrations of other tools, which would silently never run.
 *
 * @param folder for messages
 * @param others entries that are no migrations of ours
 * @param ownSources the texts of our migrations, which may read such files; called only if there are candidates
 * @returns one problem for each tool, and the names that they are about
 */
export function foreignMigrations(
  folder: string,
  others: readonly OtherEntry[],
  ownSources: () => readonly string[],
): ForeignMigrations {
  const drizzle = others.some(
    ({ name, children }) => name === 'meta' && children.includes('_journal.json'),
  );
  const found = others.flatMap((entry) => {
    const recognized = recognize(entry, drizzle);
    return recognized === undefined ? [] : [{ name: entry.name, ...recognized }];
  });
  if (found.length === 0) return { problems: [], names: new Set() };
  const sources = ownSources();
  const readsComputedNames = sources.some((source) => COMPUTED_SQL_NAME.test(source));
  const unused = found.filter(({ name, by }) =>
    sources.length === 0
      ? true
      : by === 'layout' && !readsComputedNames && !sources.some((source) => source.includes(name)),
  );
  const tools = [...new Set(unused.map(({ tool }) => tool))];
  const problems = tools.map((tool) => {
    const names = unused.filter((entry) => entry.tool === tool).map(({ name }) => name);
    return problemOf(folder, tool, names);
  });
  return { problems, names: new Set(unused.map(({ name }) => name)) };
}

/** The end of a template or of a concatenation: which SQL a migration reads is then not to be seen. */
const COMPUTED_SQL_NAME = /[}'"`](?:\.(?:up|down|do|undo))?\.sql\b/;

function recognize({ name, children, text }: OtherEntry, drizzle: boolean): Recognized | undefined {
  if (children.length > 0 && /^\d/.test(name)) {
    if (children.includes('migration.sql')) {
      return { tool: children.includes('snapshot.json') ? 'Drizzle' : 'Prisma', by: 'layout' };
    }
    return children.includes('up.sql') ? { tool: 'Diesel', by: 'layout' } : undefined;
  }
  const header = SQL_HEADERS.find(([pattern]) => pattern.test(text));
  if (header !== undefined) return { tool: header[1], by: 'layout' };
  if (drizzle && /^\d+_.+\.sql$/.test(name)) return { tool: 'Drizzle', by: 'layout' };
  return FILES.find(([pattern]) => pattern.test(name))?.[1];
}

function problemOf(folder: string, tool: string, names: readonly string[]): Problem {
  const what =
    names.length === 1 ? 'a file or folder that is' : `${names.length} files or folders that are`;
  return {
    code: 'FOREIGN_MIGRATIONS',
    message: `The migrations folder ${folder} has ${what} named like migrations of ${tool}, which are not run: ${listFirst(names, SHOWN)}.`,
    hint:
      'Set `migrations` in db.config to a folder of its own, and keep using the other tool for these. ' +
      'Or convert them: generate a migration for each, run the SQL in its `up`, and use baseline where it is applied already.',
    where: folder,
  };
}
