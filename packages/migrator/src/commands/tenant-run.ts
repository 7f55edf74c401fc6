import { isConnectionLimit } from '../database/connection-error';
import { isMigratorError } from '../report/error-shape';
import type { RunResult, TenantOutcome } from '../run/result';
import type { Concurrency } from '../targets/concurrency';
import { walkTargets } from '../targets/walk-targets';
import type { PendingTenant } from './find-behind';
import type { Tenant } from './find-tenants';
import { migrate } from './migrate';
import { migrateAcrossProjects } from './migrate-across-projects';
import type { MigrateTenantsOptions } from './migrate-tenants';
import type { MigrateOptions } from './plan-migrate';
import type { CommandContext } from './project-database';
import { outcomeOf, refused } from './tenant-outcomes';

/** Errors of a server that can no longer be reached, which sooner or later all tenants would have. */
const SERVER_GONE: ReadonlySet<string> = new Set(['CONNECTION_FAILED', 'CONNECTION_LOST']);

/** The work on the tenants that are behind: canary first, then several at once, until too many have failed. */
export class TenantRun {
  private failures = 0;
  private finished = 0;
  private total = 0;
  private readonly started = new Set<Tenant>();
  /** What attempts had done that ended because no further connection was accepted. */
  private readonly doneBefore = new Map<Tenant, TenantOutcome['done']>();

  constructor(
    private readonly context: CommandContext,
    private readonly options: MigrateTenantsOptions,
    private readonly outcomes: Map<string, TenantOutcome>,
    private readonly concurrency: Concurrency,
  ) {}

  /** @returns the name of the canary */
  async run(pending: readonly PendingTenant[]): Promise<string | undefined> {
    this.total = pending.length;
    const canary = await this.runCanary(pending);
    if (canary !== undefined && this.outcomes.get(canary.name)?.status === 'failed') {
      return canary.name;
    }
    const rest = pending.filter(({ name }) => !this.outcomes.has(name));
    await this.walk(rest, this.concurrency.limit, 'ordinary');
    return canary?.name;
  }

  /**
   * Runs on one tenant after the other until one of them was not refused. A named canary that has nothing to do has proven
   * itself in an earlier run.
   */
  private async runCanary(pending: readonly PendingTenant[]): Promise<Tenant | undefined> {
    const { canary } = this.options;
    const named = pending.find(({ name }) => name === canary);
    if (canary !== undefined && this.outcomes.get(canary)?.status === 'nothing-to-do') {
      return undefined;
    }
    const others = pending.filter((tenant) => tenant.isFit && tenant !== named);
    for (const tenant of named === undefined ? others : [named, ...others]) {
      await this.walk([tenant], 1, 'canary');
      const status = this.outcomes.get(tenant.name)?.status;
      if (status === 'done' || status === 'failed') return tenant;
      if (!this.mayBegin()) return undefined;
    }
    return undefined;
  }

  private async walk(
    tenants: readonly Tenant[],
    concurrency: number,
    role: 'canary' | 'ordinary',
  ): Promise<void> {
    await walkTargets<Tenant, TenantOutcome>({
      targets: tenants,
      concurrency,
      openWorker: () => ({
        work: (tenant) => this.begin(tenant, role),
        close: () => Promise.resolve(),
      }),
      isOverLimit,
      mayBegin: () => this.mayBegin(),
      onResult: (tenant, outcome) => this.finish(tenant, outcome),
      onLowered: (limit) => this.concurrency.lower(limit),
      signal: this.context.signal,
    });
  }

  private mayBegin(): boolean {
    return this.failures < (this.options.stopAfterFailures ?? 1) && !this.context.signal.aborted;
  }

  private async begin(tenant: Tenant, role: 'canary' | 'ordinary'): Promise<TenantOutcome> {
    const { name } = tenant;
    if (!this.started.has(tenant)) {
      this.context.onEvent({ type: 'tenant-started', tenant: name, role });
      this.started.add(tenant);
    }
    const outcome = await this.attempt(tenant);
    const done = [...(this.doneBefore.get(tenant) ?? []), ...outcome.done];
    this.doneBefore.set(tenant, done);
    return { ...outcome, done };
  }

  private finish({ name }: Tenant, outcome: TenantOutcome): void {
    this.outcomes.set(name, outcome);
    const { status, error, durationMs } = outcome;
    const isServerGone = isMigratorError(error) && SERVER_GONE.has(error.code);
    if (status === 'failed' || (status === 'refused' && isServerGone)) this.failures += 1;
    this.finished += 1;
    const { finished, total } = this;
    this.context.onEvent({
      type: 'tenant-finished',
      tenant: name,
      status,
      durationMs,
      finished,
      total,
    });
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

/** A migration that fails because it opens connections of its own is not meant. */
function isOverLimit({ failed, error }: TenantOutcome): boolean {
  if (failed === undefined) return isConnectionLimit(error);
  return failed.error.code === 'CONNECTION_FAILED' && isConnectionLimit(failed.error);
}
