import type { MigrationAgent } from '../agent';
import { quoteGiven } from '../config/connection-text';
import { MigratorError, type Problem } from '../errors';
import { selectNames, type GivenNames } from '../plan/select-names';
import { renderOption, remedyLine, type Remedy } from '../remedy';
import { isMigratorError } from '../report/error-shape';
import { targetOf, targetPath } from '../target';
import { listFirst } from '../text/list-first';
import { whereOf } from './where-of';

/** Which targets a command acts on. */
export interface TargetChoice {
  /** Names of databases as passed; absent if none was named. */
  readonly database?: GivenNames;
  /** Names of tenants as passed; absent if none was named. */
  readonly tenant?: GivenNames;
  /** `database`: one agent for each database, with its tenants in it; `target`: one agent for each target. */
  readonly per: 'database' | 'target';
  /**
   * Set for a command that undoes or rewrites: it acts on the targets that the user named and on no other. It is the command, for
   * hints. Without it a command that names nothing acts on all targets.
   */
  readonly named?: Omit<Remedy, 'target'>;
  /**
   * What to do with names of no tenant: `leave-out` is for a command that was meant for another project, which has them; a project
   * without tenants is then worked on as a whole. Default `refuse`.
   */
  readonly unknownTenants?: 'refuse' | 'leave-out';
}

/** The tenants of one database that were chosen. */
interface ChosenTenants {
  readonly agent: MigrationAgent;
  readonly names: readonly string[];
}

/**
 * Chooses among the databases of an environment and their tenants.
 *
 * @param agents one for each database that was chosen
 * @returns agents in the order of the configuration. With `per: 'database'` they are narrowed to the named tenants; a single
 *   tenant that was named gets agents of its own.
 * @throws {MigratorError} `UNKNOWN_TENANT` for each name without a tenant and each pattern that matches nothing;
 *   `INVALID_ARGUMENT` if `named` is set and the names are missing, or a name stands for several targets
 */
export async function selectTargets(
  agents: readonly MigrationAgent[],
  choice: TargetChoice,
): Promise<MigrationAgent[]> {
  const { tenant, per, named, unknownTenants: unknown = 'refuse' } = choice;
  const without = unknown === 'leave-out' && agents.every(({ hasTenants }) => !hasTenants);
  if (tenant === undefined || without) {
    if (named !== undefined) await refuseUnnamed(agents, choice, named);
    return per === 'database' ? [...agents] : eachTenant(await allTenants(agents));
  }
  const all = await tenantsOfEach(agents);
  const selected = selectNames(tenant, [...new Set(all.flatMap(({ names }) => names))], {
    code: 'UNKNOWN_TENANT',
    noun: 'tenant',
    where: whereOf(agents),
    option: renderOption('tenant'),
    quote: quoteGiven,
  });
  const problems = selected.problems.filter(
    ({ code }) => unknown === 'refuse' || code !== 'UNKNOWN_TENANT',
  );
  if (problems.length > 0) throw MigratorError.fromProblems(problems);
  const chosen = all
    .map(({ agent, names }) => ({
      agent,
      names: names.filter((name) => selected.names.includes(name)),
    }))
    .filter(({ names }) => names.length > 0);
  if (named !== undefined) refuseAmbiguous(chosen, choice, named);
  return per === 'database' && selected.form === 'set'
    ? chosen.map(({ agent, names }) => agent.withTenants(names))
    : eachTenant(chosen);
}

/**
 * The tenants of each database. A name or pattern is looked for in all of them, so each has to be read.
 *
 * @throws {MigratorError} what is wrong with each database that cannot be read
 */
async function tenantsOfEach(agents: readonly MigrationAgent[]): Promise<ChosenTenants[]> {
  const all: ChosenTenants[] = [];
  const problems: Problem[] = [];
  for (const agent of agents) {
    try {
      all.push({ agent, names: await agent.tenants() });
    } catch (error) {
      const { project, databaseName } = agent.settings;
      if (databaseName === undefined || !isMigratorError(error)) throw error;
      const more =
        agents.length < 2
          ? ''
          : ` A tenant is looked for in all databases: ${renderOption('database', { placeholder: 'database' })} names those to act on.`;
      const target = `${project} in ${targetPath(agent.settings)}`;
      problems.push(
        ...error.problems.map((problem) => ({
          ...problem,
          message: `The tenants of ${target} cannot be found: ${problem.message}`,
          hint: `${problem.hint ?? ''}${more}`.trim(),
        })),
      );
    }
  }
  if (problems.length > 0) throw MigratorError.fromProblems(problems);
  return all;
}

/** The databases with all their tenants; none for a database that has no tenants but is a target itself. */
async function allTenants(
  agents: readonly MigrationAgent[],
): Promise<(ChosenTenants | MigrationAgent)[]> {
  const all: (ChosenTenants | MigrationAgent)[] = [];
  for (const agent of agents) {
    all.push(agent.hasTenants ? { agent, names: await agent.tenants() } : agent);
  }
  return all;
}

async function eachTenant(
  chosen: readonly (ChosenTenants | MigrationAgent)[],
): Promise<MigrationAgent[]> {
  const targets: MigrationAgent[] = [];
  for (const one of chosen) {
    if ('names' in one) targets.push(...(await one.agent.tenantAgents(one.names)));
    else targets.push(one);
  }
  return targets;
}

/** More names than this are not listed. */
const MOST_NAMES = 12;
/** More commands than this are not printed: the one with a pattern stands for the rest. */
const MOST_COMMANDS = 3;
const ANY = '*';

async function refuseUnnamed(
  agents: readonly MigrationAgent[],
  { database }: TargetChoice,
  command: Omit<Remedy, 'target'>,
): Promise<void> {
  const [first] = agents;
  if (first === undefined) return;
  const { settings, hasTenants } = first;
  const several = agents.length > 1 && database === undefined;
  if (!several && !hasTenants) return;
  const { project, environment } = settings;
  const databases = agents.flatMap((agent) => agent.settings.databaseName ?? []);
  const found = hasTenants ? await tenantsOf(agents) : [];
  const tenants = [...new Set(found.flatMap(({ names }) => names))];
  const has = [
    ...(several ? [`${agents.length} databases (${listFirst(databases, MOST_NAMES)})`] : []),
    ...(hasTenants
      ? [tenants.length === 0 ? 'tenants' : `tenants (${listFirst(tenants, MOST_NAMES)})`]
      : []),
  ];
  // All means the databases that were chosen, which are not all databases of the environment if the user named some.
  const every = { databaseName: several ? ANY : databases.join(',') || undefined };
  const lines = hasTenants
    ? [firstTenant(found, agents), { ...every, tenant: ANY }]
    : [...databases.slice(0, MOST_COMMANDS).map((databaseName) => ({ databaseName })), every];
  const shown = lines.map(
    (narrowing) =>
      `\`${remedyLine({ ...command, target: { project, environment, ...narrowing } })}\``,
  );
  throw new MigratorError(
    'INVALID_ARGUMENT',
    `${project} has ${has.join(' and ')} in ${environment}. ${command.command} undoes or rewrites state, so it acts only on the targets that you name. Nothing was changed.`,
    {
      where: whereOf(agents),
      hint: `Name the target: ${shown.slice(0, -1).join(', ')}; or all of them: ${shown.slice(-1).join('')}. The options also take lists, e.g. a,b, and patterns, e.g. 'a*'.`,
    },
  );
}

/** For a message only: no database if one cannot be read. */
async function tenantsOf(agents: readonly MigrationAgent[]): Promise<readonly ChosenTenants[]> {
  try {
    return await Promise.all(
      agents.map(async (agent) => ({ agent, names: await agent.tenants() })),
    );
  } catch {
    return [];
  }
}

/** A tenant that exists, in the database that has it, so that its command can be run as it is printed. */
function firstTenant(
  found: readonly ChosenTenants[],
  agents: readonly MigrationAgent[],
): Pick<Remedy['target'], 'databaseName' | 'tenant'> {
  for (const { agent, names } of found) {
    const [tenant] = names;
    if (tenant !== undefined) return { databaseName: agent.settings.databaseName, tenant };
  }
  return {
    databaseName: agents[0]?.settings.databaseName,
    tenant: { placeholder: 'tenant' },
  };
}

/** One name that stands for a tenant in two databases does not say which of them is meant. */
function refuseAmbiguous(
  chosen: readonly { readonly agent: MigrationAgent; readonly names: readonly string[] }[],
  { database }: TargetChoice,
  command: Omit<Remedy, 'target'>,
): void {
  if (database !== undefined) return;
  const places = new Map<string, MigrationAgent[]>();
  for (const { agent, names } of chosen) {
    for (const name of names) places.set(name, [...(places.get(name) ?? []), agent]);
  }
  const problems = [...places].flatMap(([tenant, agents]): Problem[] => {
    if (agents.length === 1) return [];
    const targets = agents.map(({ settings }) => ({ ...targetOf(settings), tenant }));
    const lines = targets.map((target) => `\`${remedyLine({ ...command, target })}\``);
    return [
      {
        code: 'INVALID_ARGUMENT',
        message: `The tenant ${tenant} is in ${agents.length} databases: ${targets.map(targetPath).join(' and ')}. ${command.command} undoes or rewrites state, so it has to be told which. Nothing was changed.`,
        hint: `Name the database: ${lines.slice(0, MOST_COMMANDS).join(', ')}.`,
        where: tenant,
      },
    ];
  });
  if (problems.length > 0) throw MigratorError.fromProblems(problems);
}
