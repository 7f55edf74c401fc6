import { setMaxListeners } from 'node:events';
import { quoteGiven } from '../config/connection-text';
import { MigratorError } from '../errors';
import { findPending } from '../plan/find-pending';
import { nameHint } from '../plan/nearest';
import type { Plan } from '../plan/types';
import { Turns } from '../run/turns';
import type { RunResult, TenantOutcome, TenantsResult } from '../run/result';
import { findTenants, type Tenant } from './find-tenants';
import { lookAtTenants, type TenantView } from './look-at-tenants';
import { migrate } from './migrate';
import { emptinessOf } from './run-results';
import { findFiles, planDryRun, type MigrateOptions } from './plan-migrate';
import { migrateAcrossProjects } from './migrate-across-projects';
import {
  projectDatabase,
  refuseOtherEnvironment,
  type CommandContext,
  type ProjectDatabase,
} from './project-database';
import { rememberedSources } from './project-sources';
import { looked, notReached, outcomeOf, refused, tenantsResult } from './tenant-outcomes';

/** A tenant with nothing pending. */
const NOTHING_PLANNED: Pick<Plan, 'steps' | 'rename'> = { steps: [] };

/** How many tenants are worked on at once when nobody says. */
export const DEFAULT_CONCURRENCY = 4;

/** What to apply to which tenants, and how carefully. */
export interface MigrateTenantsOptions extends MigrateOptions {
  /** How many tenants are worked on at once, each on a connection of its own. Default 4. */
  readonly concurrency?: number;
  /** The tenant that goes first and alone. Default: the first that has something to do. */
  readonly canary?: string;
  /** Begin no further tenant after so many failed or were refused. Default 1. A canary that fails stops at once. */
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
  if (options.canary !== undefined) requireTenant(tenants, options.canary);
  const outcomes = new Map<string, TenantOutcome>();
  const pending = await findBehind(project, tenants, options, outcomes);
  context.onEvent({
    type: 'tenants-found',
    total: tenants.length,
    upToDate: [...outcomes.values()].filter(({ status }) => status === 'nothing-to-do').length,
  });
  let canary: string | undefined;
  if (options.mode === 'dry-run') await planAcrossProjects(context, pending, options, outcomes);
  else {
    const run = new TenantRun(context, options, outcomes);
    canary = await run.run(pending, concurrencyOf(project, options));
  }
  const result = tenantsResult(
    project.result,
    tenants.map(({ name }) => outcomes.get(name) ?? notReached(name)),
    canary,
    performance.now() - started,
  );
  return { ...result, ...emptinessOf(context, await findFiles(context)) };
}

/** The work on the tenants that are behind: canary first, then several at once, until too many have failed. */
class TenantRun {
  private failures = 0;
  private finished = 0;
  private total = 0;

  constructor(
    private readonly context: CommandContext,
    private readonly options: MigrateTenantsOptions,
    private readonly outcomes: Map<string, TenantOutcome>,
  ) {}

  /** @returns the name of the canary */
  async run(pending: readonly Tenant[], concurrency: number): Promise<string | undefined> {
    this.total = pending.length;
    const canary = this.chooseCanary(pending);
    const rest = pending.filter((tenant) => tenant !== canary);
    if (canary !== undefined) {
      await this.migrateOne(canary, 'canary');
      if (this.failures > 0) return canary.name;
    }
    const queue = rest.values();
    const work = async () => {
      // Asked before each one is taken: what is in work is finished, nothing more is begun.
      while (this.goesOn()) {
        const next = queue.next();
        if (next.done) return;
        await this.migrateOne(next.value, 'ordinary');
      }
    };
    await Promise.all(Array.from({ length: Math.min(concurrency, rest.length) }, work));
    return canary?.name;
  }

  /** A named canary that has nothing to do any more has proven itself in an earlier run. */
  private chooseCanary(pending: readonly Tenant[]): Tenant | undefined {
    const { canary } = this.options;
    return canary === undefined ? pending[0] : pending.find(({ name }) => name === canary);
  }

  private goesOn(): boolean {
    return this.failures < (this.options.stopAfterFailures ?? 1) && !this.context.signal.aborted;
  }

  private async migrateOne(tenant: Tenant, role: 'canary' | 'ordinary'): Promise<void> {
    const { onEvent } = this.context;
    const { name } = tenant;
    onEvent({ type: 'tenant-started', tenant: name, role });
    const outcome = await this.attempt(tenant);
    this.outcomes.set(name, outcome);
    const { status, durationMs } = outcome;
    if (status === 'failed' || status === 'refused') this.failures += 1;
    this.finished += 1;
    const { finished, total } = this;
    onEvent({ type: 'tenant-finished', tenant: name, status, durationMs, finished, total });
  }

  private async attempt({ name, settings }: Tenant): Promise<TenantOutcome> {
    const started = performance.now();
    const { options } = this;
    const context: CommandContext = {
      ...this.context,
      settings,
      onEvent: (event) => this.context.onEvent({ type: 'tenant-event', tenant: name, event }),
    };
    try {
      const run: (context: CommandContext, options: MigrateOptions) => Promise<RunResult> =
        options.prerequisites === 'apply' ? migrateAcrossProjects : migrate;
      return outcomeOf(name, await run(context, options));
    } catch (error) {
      return refused(name, error, performance.now() - started);
    }
  }
}

/**
 * The tenants that have something to do, or that cannot be looked at: whatever is wrong there is told when it is their turn.
 * Those that are up to date are not locked and get no connection of their own. In a dry run everything is told at once, but for what needs
 * a look at other projects' databases.
 */
async function findBehind(
  project: ProjectDatabase,
  tenants: readonly Tenant[],
  options: MigrateTenantsOptions,
  outcomes: Map<string, TenantOutcome>,
): Promise<Tenant[]> {
  const files = await findFiles(project.context);
  const dryRun = options.mode === 'dry-run';
  const looks = await lookAtTenants({
    project,
    tenants,
    concurrency: concurrencyOf(project, options),
    damage: 'throw',
    look: async ({ context, state, history }: TenantView) => {
      refuseOtherEnvironment(context.settings, state);
      const { entries } = state;
      const found = findPending({ project: context.settings.project, files, entries });
      if (found.pending.length === 0 && found.problems.length === 0) return NOTHING_PLANNED;
      // Of what is about to run only the run itself decides, under the lock.
      if (!dryRun || options.prerequisites === 'apply') return undefined;
      // What other projects have not applied yet, they have by the time of the run.
      return planDryRun(context, { files, state, history }, options);
    },
  });
  const behind: Tenant[] = [];
  for (const look of looks) {
    const { name } = look.tenant;
    if (look.ok && look.seen !== undefined) outcomes.set(name, looked(name, look.seen));
    else if (!look.ok && dryRun) outcomes.set(name, refused(name, look.error, 0));
    else behind.push(look.tenant);
  }
  return behind;
}

/** What a dry run shows of tenants whose runs begin with other projects: a plan looks into their databases as well. */
async function planAcrossProjects(
  context: CommandContext,
  tenants: readonly Tenant[],
  options: MigrateOptions,
  outcomes: Map<string, TenantOutcome>,
): Promise<void> {
  for (const { name, settings } of tenants) {
    try {
      outcomes.set(
        name,
        outcomeOf(name, await migrateAcrossProjects({ ...context, settings }, options)),
      );
    } catch (error) {
      outcomes.set(name, refused(name, error, 0));
    }
  }
}

/** Where there is only one session for all tenants, they take turns. */
export function concurrencyOf(
  { context, database }: ProjectDatabase,
  { concurrency = DEFAULT_CONCURRENCY }: Pick<MigrateTenantsOptions, 'concurrency'>,
): number {
  const single =
    context.settings.connection.kind === 'service' || database.target.driver === 'pglite';
  return single ? 1 : concurrency;
}

/** @throws {MigratorError} `UNKNOWN_TENANT` */
export function requireTenant(tenants: readonly Tenant[], name: string): Tenant {
  const found = tenants.find((tenant) => tenant.name === name);
  if (found !== undefined) return found;
  const names = tenants.map((tenant) => tenant.name);
  throw new MigratorError('UNKNOWN_TENANT', `There is no tenant ${quoteGiven(name)}.`, {
    hint: nameHint(name, names, 'tenants'),
  });
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
