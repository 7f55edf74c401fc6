import type { FoundProject } from '../config/find-projects';
import type { ProjectConfig } from '../config/project-config';
import type { Settings } from '../config/settings';
import { MigratorError, type Problem } from '../errors';
import type { HistoryEntry } from '../history/entry';
import type { History } from '../history/history';
import type { HistoryState, ReadOptions } from '../history/state';
import { effectiveState } from '../plan/effective-state';
import {
  givenToHeirs,
  underPresentName,
  withCurrentDependencies,
  type FormerRow,
} from '../plan/former-names';
import { currentIds, type CurrentId } from '../plan/project-names';
import type { CommandContext } from './project-database';
import type { MigrationsPlace } from './project-sources';

/** A history as a project sees it: everything of the project is under its present name. */
export interface ProjectHistory extends HistoryState {
  /** What is only under a former name. {@link prepareHistory} carries it over. */
  readonly formerRows: readonly FormerRow[];
  /** Translates identities that use a former name of the project. */
  readonly currentId: CurrentId;
}

/**
 * Reads the history and shows it under the project's present name. Every command reads through this function, so that
 * nothing else needs to know about former names. Other projects are searched only if rows exist that may be theirs.
 *
 * @param damage what to do with a damaged history, and with rows that two projects claim
 * @throws {MigratorError} `PROJECT_NAME_CONFLICT`, and what reading throws
 */
export async function readProjectHistory(
  context: CommandContext,
  history: History,
  damage: ReadOptions['damage'],
): Promise<ProjectHistory> {
  const { environment, formerEnvironments, project, formerNames } = context.settings;
  const read = await history.read(environment, { project, formerEnvironments, damage });
  const state = { ...read, entries: withPlace(read.entries, context.settings) };
  const handedOver = await withoutRowsOfHeirs(context, state.entries);
  const claims = await claimsOf(context, context.settings, handedOver.entries);
  const conflicts = [...handedOver.conflicts, ...claims.conflicts];
  if (conflicts.length > 0 && damage !== 'report') throw MigratorError.fromProblems(conflicts);
  const { entries, formerRows } = underPresentName(handedOver.entries, {
    project,
    formerNames,
    isOwn: ({ project: name, version }) => claims.isOwn(name, version),
  });
  const currentId = currentIds(
    [{ name: project, formerNames }, ...formerNames.map((name) => ({ name, formerNames: [] }))],
    claims.isOthers,
  );
  return {
    ...state,
    entries: withCurrentDependencies(entries, currentId),
    damage: [...state.damage, ...conflicts],
    formerRows: formerRows.map(({ row, entry }) => ({
      row,
      entry: withCurrentDependencies([entry], currentId)[0] ?? entry,
    })),
    currentId,
  };
}

/** The rows with the database and tenant that they are from: a command about one of them has to name both. */
function withPlace(
  entries: readonly HistoryEntry[],
  { databaseName, tenant }: Pick<Settings, 'databaseName' | 'tenant'>,
): readonly HistoryEntry[] {
  if (databaseName === undefined && tenant === undefined) return entries;
  const place = {
    ...(databaseName === undefined ? {} : { databaseName }),
    ...(tenant === undefined ? {} : { tenant }),
  };
  return entries.map((entry) => ({ ...entry, ...place }));
}

/** Which rows under former names are this project's. */
interface Claims {
  readonly isOwn: (name: string, version: string) => boolean;
  /** Whether another project is known to have this version under the name. */
  readonly isOthers: (name: string, version: string) => boolean;
  readonly conflicts: readonly Problem[];
}

/**
 * A former name belongs to this project as a whole, unless another project has the name now or had it too (one project was
 * split into two). Then files decide: a version belongs to the project that has it.
 */
async function claimsOf(
  context: CommandContext,
  place: ProjectPlace,
  entries: readonly HistoryEntry[],
): Promise<Claims> {
  const { project, formerNames, configPath } = place;
  const own = new Set(entries.flatMap((entry) => (entry.project === project ? entry.version : [])));
  const unsettled = entries.filter(
    (entry) => formerNames.includes(entry.project) && !own.has(entry.version),
  );
  const unclaimed = { isOthers: () => false, conflicts: [] };
  if (unsettled.length === 0) return { ...unclaimed, isOwn: (_, version) => own.has(version) };

  const rivals = (await context.sources.projects(context.settings.workspaceRoot)).filter(
    (found) =>
      found.name !== project &&
      [found.name, ...found.formerNames].some((name) => formerNames.includes(name)),
  );
  if (rivals.length === 0) return { ...unclaimed, isOwn: () => true };
  const files = await versionsIn(context, place);
  const theirs = await Promise.all(
    rivals.map(async (rival) => ({ ...rival, versions: await versionsIn(context, rival) })),
  );
  const claimantsOf = (name: string) =>
    theirs.filter((rival) => rival.name === name || rival.formerNames.includes(name));
  const isMine = (version: string) => files.has(version) || own.has(version);
  const isTaken = (name: string, version: string) =>
    claimantsOf(name).some((rival) => rival.name === name || rival.versions.has(version));
  return {
    isOwn: (name, version) => isMine(version) || !isTaken(name, version),
    isOthers: (name, version) =>
      !isMine(version) && claimantsOf(name).some(({ versions }) => versions.has(version)),
    conflicts: unsettled.flatMap((entry) => {
      const rival = claimantsOf(entry.project).find(({ versions }) => versions.has(entry.version));
      return rival !== undefined && files.has(entry.version)
        ? [conflict(entry, project, rival.name, configPath)]
        : [];
    }),
  };
}

/**
 * The other way round: rows under this project's name that another project wrote when it had the name. Files give them
 * away: they are applied, and this project does not have them.
 */
async function withoutRowsOfHeirs(
  context: CommandContext,
  entries: readonly HistoryEntry[],
): Promise<{ entries: readonly HistoryEntry[]; conflicts: readonly Problem[] }> {
  const { project, formerNames, workspaceRoot, configPath } = context.settings;
  const own = entries.filter((entry) => entry.project === project);
  if (own.length === 0) return { entries, conflicts: [] };
  const files = await versionsIn(context, context.settings);
  const keyOf = ({ version, name }: HistoryEntry) => `${version} ${name}`;
  const accounted = [project, ...formerNames];
  const elsewhere = new Set(
    entries.flatMap((entry) => (accounted.includes(entry.project) ? [] : keyOf(entry))),
  );
  // A row that was carried over has the name of its original. Another one is of two projects that exchanged their names.
  const former = new Map(
    entries.flatMap(({ project: by, version, name }) =>
      formerNames.includes(by) ? [[version, name] as const] : [],
    ),
  );
  const suspicious = own.some(
    (entry) =>
      elsewhere.has(keyOf(entry)) ||
      (former.get(entry.version) ?? entry.name) !== entry.name ||
      (effectiveState(entry) !== 'pending' && !files.has(entry.version)),
  );
  if (!suspicious) return { entries, conflicts: [] };
  const found = (await context.sources.projects(workspaceRoot)).filter(
    (other) => other.name !== project && other.formerNames.includes(project),
  );
  const heirs = await Promise.all(
    found.map(async (heir) => {
      const versions = await versionsIn(context, heir);
      // Rows under a name that this project had, too, may be its own.
      const isMine = ({ version }: HistoryEntry) =>
        formerNames.includes(heir.name) && files.has(version);
      for (const entry of entries) {
        if (entry.project === heir.name && !isMine(entry)) versions.add(entry.version);
      }
      return { name: heir.name, hasVersion: (version: string) => versions.has(version) };
    }),
  );
  const conflicts = own.flatMap((entry) => {
    const heir = heirs.find(({ hasVersion }) => hasVersion(entry.version));
    return heir !== undefined && files.has(entry.version)
      ? [conflict(entry, project, heir.name, configPath)]
      : [];
  });
  return { entries: givenToHeirs(entries, project, heirs), conflicts };
}

/**
 * The same for all other projects of the workspace: what one of them has only under a former name is under its present name
 * as well. For decisions about dependencies between projects.
 */
export async function underAllPresentNames(
  context: CommandContext,
  entries: readonly HistoryEntry[],
): Promise<readonly HistoryEntry[]> {
  const { project, workspaceRoot } = context.settings;
  const projects = await context.sources.projects(workspaceRoot);
  let seen = entries;
  for (const found of projects) {
    const { name, formerNames } = found;
    if (name === project || !seen.some((entry) => formerNames.includes(entry.project))) continue;
    const config = await context.sources.config(found, workspaceRoot);
    const { isOwn } = await claimsOf(context, config, seen);
    seen = underPresentName(seen, {
      project: name,
      formerNames,
      isOwn: (entry) => isOwn(entry.project, entry.version),
    }).entries;
  }
  return seen;
}

/** What is asked of a project to find out which rows are its own. */
type ProjectPlace = MigrationsPlace & Pick<ProjectConfig, 'formerNames' | 'configPath'>;

/**
 * The versions of a project's migration files; none if the files cannot be read, which the command itself reports.
 *
 * @param place the project at hand, or another one as the workspace has it
 */
export async function versionsIn(
  { settings, sources }: CommandContext,
  place: FoundProject | MigrationsPlace,
): Promise<Set<string>> {
  try {
    const known =
      'migrationsFolder' in place ? place : await sources.config(place, settings.workspaceRoot);
    return new Set((await sources.files(known)).map(({ version }) => version));
  } catch {
    return new Set();
  }
}

function conflict(
  { id, version, name }: HistoryEntry,
  project: string,
  other: string,
  configPath: string | undefined,
): Problem {
  return {
    code: 'PROJECT_NAME_CONFLICT',
    message: `${id} (${name}) is recorded in the history, and both ${project} and ${other} have a migration ${version}: the row may belong to either.`,
    hint:
      `Remove the file from the project that did not run it, or generate it again there so that it gets a version of its own. ` +
      'If no project was renamed, remove `renamedFrom` from db.config.',
    where: configPath ?? id,
  };
}
