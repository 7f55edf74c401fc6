import type { Problem } from '../errors';
import type { HistoryEntry } from '../history/entry';
import type { MigrationFile } from '../migration/types';
import { listFirst } from '../text/list-first';
import { effectiveState } from './effective-state';

/** How many migrations a message names. */
const MOST_NAMED = 3;

/** What is recorded under another project's name and looks like migrations of this project. */
export interface Lookalike {
  /** The pending file. */
  readonly file: MigrationFile;
  /** Its double in the history. */
  readonly entry: HistoryEntry;
}

/** What {@link findLookalikes} compares. */
export interface LookalikeOptions {
  readonly project: string;
  /** Names whose rows are accounted for: former ones, and those that the configuration gives to other projects. */
  readonly settledNames: readonly string[];
  readonly pending: readonly MigrationFile[];
  /** Latest rows of the environment, of all projects. */
  readonly entries: readonly HistoryEntry[];
}

/**
 * Finds pending migrations that the history has under another project's name: the same version with the same content, or
 * with the same name. The name counts because a rename often edits imports, and because rows of the original agent have
 * checksums that cannot be compared. A failed apply counts, too: without a transaction it may have left finished statements
 * and saved rollback data, which the next attempt needs. Only a reverted migration has left nothing.
 */
export function findLookalikes({
  project,
  settledNames,
  pending,
  entries,
}: LookalikeOptions): readonly Lookalike[] {
  if (pending.length === 0) return [];
  const files = new Map(pending.map((file) => [file.version, file]));
  const settled = new Set([project, ...settledNames]);
  return entries.flatMap((entry) => {
    const file = files.get(entry.version);
    if (file === undefined || settled.has(entry.project)) return [];
    if (entry.state === 'reverted') return [];
    const sameContent = entry.checksumAlgorithm === 'sha256' && entry.checksum === file.checksum;
    return sameContent || entry.name === file.name ? [{ file, entry }] : [];
  });
}

/** What {@link possibleRename} explains. */
export interface PossibleRename {
  readonly project: string;
  readonly environment: string;
  readonly formerNames: readonly string[];
  readonly otherNames: readonly string[];
  /** Path of the configuration, or of the folder where there is none. */
  readonly where: string;
  /** All under the same name. At least one. */
  readonly lookalikes: readonly Lookalike[];
  /** Whether the workspace has a project with that name, which then lacks the files. */
  readonly owner: 'unknown' | 'lacks-files';
}

/** The refusal, with both ways out. */
export function possibleRename(options: PossibleRename): Problem {
  const { project, environment, lookalikes, owner, where } = options;
  const name = lookalikes[0]?.entry.project ?? '';
  const named = lookalikes.map(({ file }) => `${file.version} ${file.name}`);
  const isApplied = lookalikes.every(({ entry }) => effectiveState(entry) === 'applied');
  const subject =
    lookalikes.length === 1
      ? `A pending migration of ${project} is`
      : `${lookalikes.length} pending migrations of ${project} are`;
  return {
    code: 'POSSIBLE_RENAME',
    message:
      `${subject} already ${isApplied ? 'applied' : 'recorded'} in ${environment} under the name ${name}: ` +
      `${listFirst(named, MOST_NAMED)}. ` +
      (owner === 'unknown'
        ? `This workspace has no project ${name}.`
        : `The project ${name} no longer has ${lookalikes.length === 1 ? 'this file' : 'these files'}.`),
    hint:
      (owner === 'unknown'
        ? `If ${name} was renamed to ${project}`
        : `If the migrations moved from ${name} to ${project}`) +
      `, set ${listOf('renamedFrom', [...options.formerNames, name])} in db.config: nothing runs again. ` +
      `If ${name} is a different project, set ${listOf('notRenamedFrom', [...options.otherNames, name])}: the migrations run. ` +
      `If ${project} was renamed to ${name}, update this checkout.`,
    where,
  };
}

function listOf(key: string, names: readonly string[]): string {
  return `\`${key}: [${names.map((name) => `'${name}'`).join(', ')}]\``;
}
