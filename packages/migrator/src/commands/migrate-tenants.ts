import { setMaxListeners } from 'node:events';
import { quoteGiven } from '../config/connection-text';
import type { Settings } from '../config/settings';
import { isConnectionLimit } from '../database/connection-error';
import { MigratorError } from '../errors';
import { nameHint } from '../plan/nearest';
import type { TenantOutcome, TenantsResult } from '../run/result';
import { Turns } from '../run/turns';
import { targetPath } from '../target';
import { Concurrency } from '../targets/concurrency';
import { walkTargets } from '../targets/walk-targets';
import { findBehind, type FindBehind } from './find-behind';
import { findTenants, type Tenant } from './find-tenants';
import { migrateAcrossProjects } from './migrate-across-projects';
import { findFiles, type MigrateOptions } from './plan-migrate';
import { projectDatabase, type CommandContext, type ProjectDatabase } from './project-database';
import { rememberedSources } from './project-sources';
import { emptinessOf } from './run-results';
import { notReached, outcomeOf, refused, tenantsResult } from './tenant-outcomes';
import { TenantRun } from './tenant-run';

/** How many tenants are worked on at once when nobody says. */
export const DEFAULT_CONCURRENCY = 4;

/** What to apply to which tenants, and how carefully. */
export interface MigrateTenantsOptions extends MigrateOptions {
  /** How many tenants are worked on at once, each on a connection of its own. Default 4. */
  readonly concurrency?: number;
  /**
   * The tenant that goes first and alone. If it is refused, or by default: the first that can run and has something to do. If a
   * canary fails while it runs, no other tenant is begun.
   */
  readonly canary?: string;
  /**
   * Begin no further tenant after so many failures while running. Default 1. A tenant that is refused before it is touched is
   * reported and does not count, unless its server could be reached before and no longer can.
   */
  readonly stopAfterFailures?: number;
}

/** Applies what is pending to every tenant. See {@link MigrationAgent.migrateTenants}. */
export async function migrateTenants(
  given: CommandContext,
  options: MigrateTenantsOptions,
): Promise<TenantsResult> {
  const started = performance.now();
  checkCounts(options);
  const context: CommandContext = {
    ...given,
    sources: rememberedSources(given.sources),
    retryTurns: new Turns(),
  };
  // Each tenant in work listens to it, and a warning about many listeners would say nothing.
  setMaxListeners(0, context.signal);
  const project = await projectDatabase(context);
  const tenants = await findTenants(project);
  if (options.canary !== undefined) requireTenant(tenants, options.canary, context.settings);
  const outcomes = new Map<string, TenantOutcome>();
  const concurrency = concurrencyOf(project, options);
  const pending = await findBehind({ project, tenants, options, outcomes, concurrency });
  context.onEvent({
    type: 'tenants-found',
    total: tenants.length,
    upToDate: [...outcomes.values()].filter(({ status }) => status === 'nothing-to-do').length,
  });
  let canary: string | undefined;
  if (options.mode === 'dry-run') {
    await planAcrossProjects(context, pending, options, { outcomes, concurrency });
    canary = plannedCanary(tenants, options, outcomes);
  } else {
    canary = await new TenantRun(context, options, outcomes, concurrency).run(pending);
  }
  const result = tenantsResult(
    project.result,
    tenants.map(({ name }) => outcomes.get(name) ?? notReached(name)),
    canary,
    performance.now() - started,
  );
  const { lowered } = concurrency;
  return {
    ...result,
    ...(lowered && { concurrency: lowered }),
    ...emptinessOf(context, await findFiles(context)),
  };
}

/** The tenant that a run would begin with, as far as a dry run can know it. */
function plannedCanary(
  tenants: readonly Tenant[],
  { canary }: MigrateTenantsOptions,
  outcomes: ReadonlyMap<string, TenantOutcome>,
): string | undefined {
  const statusOf = (name: string) => outcomes.get(name)?.status;
  if (canary !== undefined && statusOf(canary) !== 'refused') {
    return statusOf(canary) === 'planned' ? canary : undefined;
  }
  return tenants.find(({ name }) => statusOf(name) === 'planned')?.name;
}

/** What a dry run shows of tenants whose runs begin with other projects: a plan looks into their databases as well. */
async function planAcrossProjects(
  context: CommandContext,
  tenants: readonly Tenant[],
  options: MigrateOptions,
  { outcomes, concurrency }: Pick<FindBehind, 'outcomes' | 'concurrency'>,
): Promise<void> {
  const plan = async ({ name, settings }: Tenant): Promise<TenantOutcome> => {
    const quiet = { ...context, settings, onEvent: () => undefined };
    try {
      return outcomeOf(name, await migrateAcrossProjects(quiet, options));
    } catch (error) {
      return refused(name, error, 0);
    }
  };
  await walkTargets<Tenant, TenantOutcome>({
    targets: tenants,
    concurrency: concurrency.limit,
    openWorker: () => ({ work: plan, close: () => Promise.resolve() }),
    isOverLimit: ({ error }) => isConnectionLimit(error),
    mayBegin: () => !context.signal.aborted,
    onResult: ({ name }, outcome) => void outcomes.set(name, outcome),
    onLowered: (limit) => concurrency.lower(limit),
    signal: context.signal,
  });
}

/** Where there is only one session for all tenants, they take turns. */
export function concurrencyOf(
  { context, database }: ProjectDatabase,
  { concurrency = DEFAULT_CONCURRENCY }: Pick<MigrateTenantsOptions, 'concurrency'>,
): Concurrency {
  const single =
    context.settings.connection.kind === 'service' || database.target.driver === 'pglite';
  return new Concurrency(single ? 1 : concurrency, context.onEvent);
}

/**
 * @param tenants of the environment, or those of them that a command acts on
 * @throws {MigratorError} `UNKNOWN_TENANT`
 */
export function requireTenant(
  tenants: readonly Tenant[],
  name: string,
  settings: Settings,
): Tenant {
  const found = tenants.find((tenant) => tenant.name === name);
  if (found !== undefined) return found;
  const names = tenants.map((tenant) => tenant.name);
  const place = `${settings.project} in ${targetPath(settings)}`;
  throw new MigratorError(
    'UNKNOWN_TENANT',
    settings.chosenTenants === undefined
      ? `There is no tenant ${quoteGiven(name)} of ${place}.`
      : `The tenant ${quoteGiven(name)} is not among those that this command acts on, of ${place}.`,
    { hint: nameHint(name, names, 'tenants') },
  );
}

function checkCounts(options: MigrateTenantsOptions): void {
  const problems = (['concurrency', 'stopAfterFailures'] as const).flatMap((key) => {
    const value = options[key];
    if (value === undefined || (Number.isInteger(value) && value >= 1)) return [];
    const message = `${key} is ${String(value)}, and has to be a whole number of at least 1.`;
    return [{ code: 'INVALID_ARGUMENT' as const, message, where: key }];
  });
  if (problems.length > 0) throw MigratorError.fromProblems(problems);
}
