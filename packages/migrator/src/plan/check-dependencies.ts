import type { Problem } from '../errors';
import type { HistoryEntry } from '../history/entry';
import { parseMigrationId } from '../migration/id';
import type { MigrationFile, MigrationId } from '../migration/types';
import { migrateCommands, withDependenciesOption } from './commands';
import { didYouMean, nearest } from './nearest';
import type { PrerequisiteLookup } from './prerequisites';
import { effectiveState } from './effective-state';
import type { PlannableMigration } from './types';

/** More unknown dependencies than this in one plan have one cause, and suggestions do not find it. */
const MOST_SUGGESTIONS = 20;

/** Finds what a migration meant by an unknown dependency, as a question; `undefined` when nothing is near. */
export type Suggest = (unknown: string, neededBy: MigrationId) => string | undefined;

/** What a dependency is checked against. */
export interface DependencyFacts {
  readonly project: string;
  readonly environment: string;
  readonly databaseName?: string | undefined;
  readonly tenant?: string | undefined;
  /** Finds what an unknown version of this project was meant to be; see {@link suggestVersions}. */
  readonly suggest: Suggest;
  readonly history: ReadonlyMap<MigrationId, HistoryEntry>;
  readonly allPending: ReadonlySet<MigrationId>;
  readonly fileIds: ReadonlySet<MigrationId>;
  readonly prerequisites: PrerequisiteLookup;
}

/**
 * Everything wrong with a migration's dependencies: `SELF_DEPENDENCY`, `UNKNOWN_DEPENDENCY`, `UNKNOWN_PROJECT`,
 * `PREREQUISITE_NOT_APPLIED`. A dependency is satisfied when it is applied, or pending in the same project.
 */
export function checkDependencies(
  migration: PlannableMigration,
  facts: DependencyFacts,
): readonly Problem[] {
  const problems: Problem[] = [];
  for (const dependency of new Set(migration.dependencies)) {
    const own = parseMigrationId(dependency).project === facts.project;
    const check = own ? checkOwn : checkOther;
    const problem = check(migration, dependency, facts);
    if (problem !== undefined) problems.push({ ...problem, where: migration.file.path });
  }
  return problems;
}

function checkOwn(
  migration: PlannableMigration,
  dependency: MigrationId,
  facts: DependencyFacts,
): Problem | undefined {
  const { history, allPending, fileIds, suggest } = facts;
  if (dependency === migration.id) {
    return {
      code: 'SELF_DEPENDENCY',
      message: `${label(migration)} depends on itself.`,
      hint: 'Take its own version out of its dependencies.',
    };
  }
  if (allPending.has(dependency)) return undefined;
  const entry = history.get(dependency);
  if (entry !== undefined && effectiveState(entry) === 'applied') return undefined;
  // An interrupted one is reported itself. That others wait for it is a consequence.
  if (entry !== undefined && effectiveState(entry) === 'interrupted') return undefined;
  if (entry === undefined && !fileIds.has(dependency)) {
    const { version } = parseMigrationId(dependency);
    return {
      code: 'UNKNOWN_DEPENDENCY',
      message: `${label(migration)} depends on ${dependency}, which does not exist.`,
      hint:
        suggest(version, migration.id) ?? 'Name a version of this project, or `project:version`.',
    };
  }
  const gone = fileIds.has(dependency) ? '' : ', and its file is gone';
  return {
    code: 'PREREQUISITE_NOT_APPLIED',
    message: `${label(migration)} depends on ${dependency}, which is ${entry?.state ?? 'not applied'}${gone}.`,
    hint:
      gone === ''
        ? `Apply it first: ${migrateCommands(facts)}.`
        : 'Bring its file back from version control, or take the dependency out.',
  };
}

function checkOther(
  migration: PlannableMigration,
  dependency: MigrationId,
  { prerequisites, environment }: DependencyFacts,
): Problem | undefined {
  const { project, version } = parseMigrationId(dependency);
  switch (prerequisites.stateOf(dependency)) {
    case 'applied':
      return undefined;
    case 'notApplied':
      return {
        code: 'PREREQUISITE_NOT_APPLIED',
        message: `${label(migration)} depends on ${dependency}, which is not applied in ${environment}.`,
        hint: `Apply it first: ${migrateCommands(prerequisites.targetOf(project) ?? { project, environment })}; or let this command do it: ${withDependenciesOption()}.`,
      };
    case 'filesNotHere':
      return {
        code: 'PREREQUISITE_NOT_APPLIED',
        message: `${label(migration)} depends on ${dependency}, which is missing in the database (${environment}). The files of ${project} are not here: this folder has one project with migrations.`,
        hint: `Apply ${dependency} to this database first, where the files of ${project} are. If the name is wrong, write \`project:version\`.`,
      };
    case 'unknownVersion':
      return {
        code: 'UNKNOWN_DEPENDENCY',
        message: `${label(migration)} depends on ${dependency}, but ${project} has no migration ${version}.`,
        hint:
          didYouMean(prerequisites.nearest(dependency)) ??
          `Look into the migrations of ${project}.`,
      };
    case 'unknownProject':
      return {
        code: 'UNKNOWN_PROJECT',
        message: `${label(migration)} depends on ${dependency}, but there is no project “${project}” with migrations.`,
        hint:
          didYouMean(prerequisites.nearest(dependency)) ??
          `Write \`project:version\`, with a project that has a db.config file. If this folder is a part of the workspace, apply ${dependency} where the files of ${project} are.`,
      };
  }
}

/**
 * Finds what somebody meant who wrote a digit wrong, or a name where a version belongs, among these files; never the
 * migration itself. Ten thousand files that all name something unknown must not cost a comparison each with each: later ones
 * get no suggestion.
 */
export function suggestVersions(files: readonly MigrationFile[]): Suggest {
  const nearOnes = new Map<string, readonly MigrationFile[]>();
  let fileOf: ReadonlyMap<string, MigrationFile> | undefined;
  const lookFor = (unknown: string): readonly MigrationFile[] => {
    const known = (fileOf ??= new Map(
      files.flatMap((file) => [[file.version, file] as const, [file.name, file] as const]),
    ));
    return nearest(unknown, known.keys()).flatMap((near) => known.get(near) ?? []);
  };
  return (unknown, neededBy) => {
    if (!nearOnes.has(unknown) && nearOnes.size < MOST_SUGGESTIONS) {
      nearOnes.set(unknown, lookFor(unknown));
    }
    const meant = (nearOnes.get(unknown) ?? []).filter(({ id }) => id !== neededBy);
    return didYouMean([...new Set(meant.map(({ version, name }) => `${version} ${name}`))]);
  };
}

function label({ id, name }: PlannableMigration): string {
  return `${id} (${name})`;
}
