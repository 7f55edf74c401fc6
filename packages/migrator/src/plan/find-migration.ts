import type { Problem } from '../errors';
import type { HistoryEntry } from '../history/entry';
import type { MigrationFile, MigrationId } from '../migration/types';
import { byVersion } from './by-version';
import { statusCommands } from './commands';
import type { Target } from '../target';
import { didYouMean, nearest } from './nearest';

/** What a person may call by version or name. */
export interface KnownMigration {
  readonly id: MigrationId;
  readonly version: string;
  readonly name: string;
}

/** The one that was meant, or why none can be named. */
export type Found =
  | { readonly ok: true; readonly migration: KnownMigration }
  | { readonly ok: false; readonly problem: Problem };

/** The project of a migration, with the rest of the target where it is known: for hints. */
export type PartOfTarget = Pick<Target, 'project'> & Partial<Target>;

/** All migrations of a project that are known by file or by history, in order of version; a file's name wins. */
export function knownMigrations(
  project: string,
  files: readonly MigrationFile[],
  entries: readonly HistoryEntry[],
): readonly KnownMigration[] {
  const known = new Map<MigrationId, KnownMigration>();
  for (const entry of entries) if (entry.project === project) known.set(entry.id, entry);
  for (const file of files) known.set(file.id, file);
  return [...known.values()].sort(byVersion);
}

/**
 * Finds the migration that somebody calls by version, name, `version_name` or `project:version`.
 * Problems: `UNKNOWN_MIGRATION` with the nearest ones, `AMBIGUOUS_MIGRATION` when a name stands for several.
 */
export function findMigration(
  called: string,
  target: PartOfTarget,
  known: readonly KnownMigration[],
): Found {
  const { project } = target;
  const exact = known.find(
    ({ id, version, name }) =>
      called === version || called === id || called === `${version}_${name}`,
  );
  if (exact !== undefined) return { ok: true, migration: exact };
  const named = known.filter(({ name }) => name === called);
  const [first, ...others] = named;
  if (first === undefined) return { ok: false, problem: unknown(called, target, known) };
  if (others.length === 0) return { ok: true, migration: first };
  return {
    ok: false,
    problem: {
      code: 'AMBIGUOUS_MIGRATION',
      message: `“${called}” is the name of ${named.length} migrations of ${project}.`,
      hint: `Say which by its version: ${named.map(({ version }) => version).join(', ')}.`,
      where: project,
    },
  };
}

function unknown(called: string, target: PartOfTarget, known: readonly KnownMigration[]): Problem {
  const { project, environment } = target;
  const all =
    environment === undefined
      ? 'The status of the project shows which there are.'
      : `See which there are: ${statusCommands({ ...target, environment })}.`;
  const callable = known.flatMap(({ version, name }) => [version, name]);
  return {
    code: 'UNKNOWN_MIGRATION',
    message: `${project} has no migration “${called}”.`,
    hint: didYouMean(nearest(called, callable)) ?? all,
    where: project,
  };
}
