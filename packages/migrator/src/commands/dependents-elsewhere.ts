import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readEnvironmentNames } from '../config/config-outline';
import type { FoundProject } from '../config/find-projects';
import type { Settings } from '../config/settings';
import type { HistoryEntry } from '../history/entry';
import type { History } from '../history/history';
import { findTenants } from './find-tenants';
import { dependentSettings, entriesElsewhere } from './other-projects';
import { projectDatabase, type CommandContext } from './project-database';

/** Where a project that depends on the one at hand is worked on. */
export interface DependentPlace {
  readonly project: string;
  readonly settings: Settings;
}

const SOURCE = /\.[cm]?[jt]s$/;
const QUOTES = ["'", '"', '`'];

/**
 * The databases and tenants of all projects that may depend on this one, by the text of their migrations: nobody has to
 * reach the databases of two hundred projects to revert a migration that two of them need. To be asked while no session is
 * open, since tenants may be found by a query. A project without this environment has nothing applied in it.
 *
 * @throws {MigratorError} what such a project's configuration is refused for, with both projects named
 */
export async function findDependentPlaces(context: CommandContext): Promise<DependentPlace[]> {
  const { project, formerNames, workspaceRoot } = context.settings;
  const names = [project, ...formerNames];
  const places: DependentPlace[] = [];
  for (const found of await context.sources.projects(workspaceRoot)) {
    if (found.name === project || !(await mentions(found, names))) continue;
    for (const settings of await dependentSettings(context, found)) {
      places.push(...(await tenantsOf(context, settings)));
    }
  }
  return places;
}

/**
 * Their rows, as far as they are not in the history at hand.
 *
 * @param history the history at hand; `undefined` where no session is open
 * @throws {MigratorError} what connecting throws: what nobody can look at may depend on what is about to be reverted
 */
export async function readDependents(
  context: CommandContext,
  places: readonly DependentPlace[],
  history: History | undefined,
): Promise<readonly HistoryEntry[]> {
  const rows: HistoryEntry[] = [];
  for (const { project, settings } of places) {
    const entries = await entriesElsewhere(context, settings, history);
    rows.push(...entries.filter((entry) => entry.project === project));
  }
  return rows;
}

/** A project of the environment as a whole is needed by every tenant of another one; a tenant, by the same tenant. */
async function tenantsOf(context: CommandContext, settings: Settings): Promise<DependentPlace[]> {
  const { project } = settings;
  const own = context.settings;
  if (settings.tenants === undefined || own.tenants !== undefined) return [{ project, settings }];
  const quiet = { ...context, settings, onEvent: () => undefined };
  const tenants = await findTenants(await projectDatabase(quiet));
  return tenants.map((tenant) => ({ project, settings: tenant.settings }));
}

/** Whether a migration of the project may have `<name>:<version>` among its dependencies. Never throws. */
async function mentions(
  { root, configPath }: FoundProject,
  names: readonly string[],
): Promise<boolean> {
  const { migrations } = await readEnvironmentNames(configPath);
  const folder = resolve(root, migrations);
  const files = await readdir(folder).catch(() => []);
  for (const name of files.filter((each) => SOURCE.test(each))) {
    const text = await readFile(join(folder, name), 'utf8').catch(() => '');
    const quoted = names.flatMap((name) => QUOTES.map((quote) => `${quote}${name}:`));
    if (quoted.some((start) => text.includes(start))) return true;
  }
  return false;
}
