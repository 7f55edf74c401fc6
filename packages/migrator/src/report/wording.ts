import type { ConnectionTarget } from '../database/database';
import type { ResultContext } from '../run/result';
import { generateCommands } from '../remedy';
import type { Style } from './style';
import { serverName } from '../text/server-name';

/** `1 migration`, `2 migrations`. */
export function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}

/** Where a connection leads: `postgres db.example.org:5432/shop as migrator`, `pglite .data/development`. */
export function formatTarget(target: ConnectionTarget): string {
  if (target.driver === 'pglite') return `pglite ${target.database}`;
  const user = target.user === undefined ? '' : ` as ${target.user}`;
  return `postgres ${serverName(target)}/${target.database}${user}`;
}

/**
 * What is worked on: project, environment, database, and where the url came from. Said before connecting, and at the head of
 * every result.
 */
export function formatHead(context: ResultContext, style: Style): string {
  const { project, environment, databaseName, tenant, target } = context;
  const where = [environment, databaseName, tenant].filter((part) => part !== undefined).join('/');
  const source = style.quiet(`(url from ${target.source})`);
  return `${style.strong(project)} · ${style.strong(where)} · ${formatTarget(target)} ${source}`;
}

/** For a migrations folder without any migration. */
export function formatEmptyFolder(folder: string): string {
  return `Nothing to apply: there are no migrations yet in ${folder}. Generate the first one (${generateCommands()}), or correct \`migrations\` in db.config.`;
}

/** The first line of a text, cut to a number of characters. */
export function firstLine(text: string, limit: number): string {
  const [line = ''] = text.split('\n', 1);
  return line.length <= limit ? line : `${line.slice(0, limit)}…`;
}

/** Puts spaces in front of every line. */
export function indent(text: string, spaces: number = 2): string {
  const margin = ' '.repeat(spaces);
  return text
    .split('\n')
    .map((line) => (line === '' ? line : margin + line))
    .join('\n');
}

/**
 * Indents the second and every further line, so that a text of several lines is told from the lines that follow. Lines that are
 * indented already, as an excerpt with a caret, stay as they are.
 */
export function hangingIndent(text: string): string {
  return text.replace(/\n(?! {2}|\n|$)[^\S\n]?/g, '\n  ');
}

/** Blocks with one empty line between them, without the absent ones. */
export function paragraphs(blocks: readonly (string | undefined)[]): string {
  return blocks.filter((block) => block !== undefined && block !== '').join('\n\n');
}
