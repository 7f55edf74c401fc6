import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HistoryTables } from './tables';

/** One step from a format of our tables to the next. */
export interface Upgrade {
  /** The format that the step leads to. */
  readonly format: number;
  /** Its SQL files in `history/sql`, run in this order in one transaction. */
  readonly files: readonly string[];
}

/**
 * How an existing history of ours becomes current: every step whose format is newer than the database's, in order. A step
 * may change anything but `migration_database.id` and `.format`, by which older and newer migrators know each other.
 */
export const upgrades: readonly Upgrade[] = [
  { format: 1, files: ['001_create.sql', '001_constraints.sql', '001_comments.sql'] },
  { format: 2, files: ['002_retired.sql', '002_script_progress.sql', '002_chain.sql'] },
];

/** The format since which every row has a witness in `migration_chain`. */
export const CHAIN_FORMAT = 2;

/** The newest format in a list of upgrades. */
export function latestFormat(steps: readonly Upgrade[]): number {
  return Math.max(...steps.map((step) => step.format));
}

/** A line that is nothing but a comment. */
const COMMENT = /^\s*--.*$/gm;

/**
 * Reads SQL files of `history/sql` and puts the schema's quoted name in. Read only when needed: a run that finds its history
 * in order touches none of them. Comments are left out: a name with a line end in it would leave one, and be run as SQL.
 */
export function loadSql(files: readonly string[], tables: HistoryTables): string {
  return files
    .map((file) => readFileSync(join(__dirname, 'sql', file), 'utf8'))
    .join('\n')
    .replace(COMMENT, '')
    .replaceAll(':"schema"', () => tables.quotedSchema);
}
