import { pendingRename, type PendingRename } from '../plan/former-names';
import type { MigrationStatus } from '../plan/types';
import type { FailedAttempt, TenantsStatusResult, TenantStatus } from '../run/result';
import { findTenants } from './find-tenants';
import { lookAtTenants, type TenantLook } from './look-at-tenants';
import { findFiles } from './plan-migrate';
import { concurrencyOf } from './migrate-tenants';
import { projectDatabase, type CommandContext } from './project-database';
import { rememberedSources } from './project-sources';
import { inDepth, isPending, standing, type EarlierReport, type HistoryDepth } from './status';

/** How to look. */
export interface StatusTenantsOptions {
  /** How many connections to look on. Default 4. */
  readonly concurrency?: number;
  /** As for one database: `verify` also verifies the hash of every row. Default `read`. */
  readonly history?: HistoryDepth;
  /** As for one database: reports of earlier runs, of all tenants. */
  readonly reports?: readonly EarlierReport[];
}

/** How every tenant stands. See {@link MigrationAgent.statusTenants}. */
export async function statusTenants(
  given: CommandContext,
  options: StatusTenantsOptions,
): Promise<TenantsStatusResult> {
  const context = { ...given, sources: rememberedSources(given.sources) };
  const project = await projectDatabase(context);
  const tenants = await findTenants(project);
  const files = await findFiles(context);
  const concurrency = concurrencyOf(project, options);
  const looks = await lookAtTenants({
    project,
    tenants,
    concurrency,
    damage: 'report',
    look: async ({ context, state, history }) => ({
      ...(await standing(context, {
        files,
        state: await inDepth(context, state, {
          history,
          depth: options.history ?? 'read',
          reports: options.reports,
        }),
        history,
      })),
      rename: pendingRename(state),
    }),
  });
  const statuses = looks.map(toStatus);
  const upToDate = statuses.filter((tenant) => !isTroubled(tenant) && tenant.pending.length === 0);
  const troubled = statuses.filter(isTroubled);
  return {
    ...project.result,
    counts: {
      total: statuses.length,
      upToDate: upToDate.length,
      behind: statuses.length - upToDate.length - troubled.length,
      troubled: troubled.length,
    },
    ...(concurrency.lowered && { concurrency: concurrency.lowered }),
    tenants: statuses,
  };
}

/** What is seen of one tenant. */
interface TenantStanding extends Awaited<ReturnType<typeof standing>> {
  readonly rename: PendingRename;
}

function toStatus(look: TenantLook<TenantStanding>): TenantStatus {
  const tenant = look.tenant.name;
  if (!look.ok) {
    const counts = { applied: 0, pending: 0, failed: 0, drifted: 0 };
    return {
      tenant,
      counts,
      pending: [],
      failed: [],
      problems: [],
      error: look.error,
      ...NOT_RENAMED,
    };
  }
  const { migrations, counts, problems, rename } = look.seen;
  const pending = migrations.filter(isPending).map(({ id }) => id);
  const failed = migrations.flatMap(toFailedAttempt);
  return { tenant, counts, pending, failed, problems, error: undefined, ...rename };
}

function toFailedAttempt({ id, name, state, entry }: MigrationStatus): FailedAttempt[] {
  if (state !== 'failed' && state !== 'running') return [];
  const { code, message } = entry?.error ?? {};
  const error = message === undefined ? undefined : { code: code ?? 'UNEXPECTED', message };
  return [{ id, name, state, error }];
}

const NOT_RENAMED: PendingRename = { formerEnvironment: undefined, formerNames: [] };

function isTroubled({ counts, problems, error }: TenantStatus): boolean {
  return error !== undefined || counts.failed + counts.drifted + problems.length > 0;
}
