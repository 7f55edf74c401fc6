import type { MigrationId } from '../migration/types';
import type {
  TenantOutcome,
  TenantsResult,
  TenantsStatusResult,
  TenantStatus,
} from '../run/result';
import { formatDuration } from './duration';
import { formatError, formatProblems } from './format-error';
import { formatTenantMessages } from './format-messages';
import { groupByReason, type ReasonGroup } from './group-by-reason';
import { formatPlannedRename, formatRename, formatTenantRenames, shortList } from './format-rename';
import { formatSkipped } from './format-skipped';
import { redact } from '../text/redact';
import { foreignValue } from '../text/foreign-value';
import { plainStyle, type Style } from './style';
import { formatTable } from './table';
import { count, formatEmptyFolder, formatHead, indent, paragraphs } from './wording';

/** More failures than this are of a kind, and JSON has them all. */
const MOST_LISTED = 20;

/** How a text about tenants looks. */
export interface FormatTenantsOptions {
  readonly style?: Style;
  /**
   * `each`: a line for every tenant, and errors with causes and stacks; `short`: only what needs somebody's attention.
   * Default `short`.
   */
  readonly detail?: 'short' | 'each';
}

/** What became of the tenants, for people: counts, the failures, and what to do; of a dry run, which lack what. */
export function formatTenantsResult(
  given: TenantsResult,
  { style = plainStyle, detail = 'short' }: FormatTenantsOptions = {},
): string {
  const result = foreignValue(given);
  return redact(
    paragraphs([
      formatHead(result, style),
      detail === 'each' ? formatTable(result.tenants.map(outcomeRow)) : undefined,
      formatTenantRenames(
        result.tenants.map(({ tenant, rename }) => ({
          tenant,
          text: formatPlannedRename(result, rename),
        })),
        style,
      ),
      formatPlanned(result, style),
      formatTenantMessages(result.tenants, style),
      formatFailures(result, { style, detail }),
      result.emptyFolder === undefined ? undefined : formatEmptyFolder(result.emptyFolder),
      formatSkipped('tenant', tenantsSkipped(result), { style, all: '--verbose lists all' }),
      formatCounts(result, style),
      formatLowered(result, style),
      result.counts.notReached + result.counts.failed + result.counts.refused > 0
        ? 'Run the same command again to continue: tenants that are done are only read.'
        : undefined,
    ]),
  );
}

function tenantsSkipped({ tenants }: TenantsResult): string[] {
  return tenants.flatMap(({ tenant, status }) => (status === 'not-reached' ? tenant : []));
}

function formatCounts({ counts, durationMs, canary }: TenantsResult, style: Style): string {
  if (counts.total === 0) return 'Nothing to do: the environment names no tenants.';
  const parts = [
    counts.done > 0 ? style.good(`${counts.done} migrated`) : undefined,
    counts.planned > 0 ? `${counts.planned} would be migrated` : undefined,
    counts.upToDate > 0 ? `${counts.upToDate} up to date` : undefined,
    counts.failed > 0 ? style.bad(`${counts.failed} failed`) : undefined,
    counts.refused > 0 ? style.bad(`${counts.refused} refused`) : undefined,
    counts.notReached > 0 ? style.warning(`${counts.notReached} skipped`) : undefined,
  ];
  const listed = parts.filter((part) => part !== undefined).join(', ');
  const head = `${count(counts.total, 'tenant')} in ${formatDuration(durationMs)}: ${listed}.`;
  return canary === undefined ? head : `${head} Canary: ${canary}.`;
}

function formatLowered(
  { concurrency }: Pick<TenantsResult, 'concurrency'>,
  style: Style,
): string | undefined {
  if (concurrency === undefined) return undefined;
  const { used, requested } = concurrency;
  return style.warning(
    `The server accepts no more connections: ${count(used, 'tenant')} at once in the end, not ${requested}.`,
  );
}

function formatPlanned({ tenants }: TenantsResult, style: Style): string | undefined {
  const planned = tenants.filter(({ status }) => status === 'planned');
  return formatBehind(
    planned.map((outcome) => ({ tenant: outcome.tenant, pending: outcome.planned })),
    style,
  );
}

type Manner = Required<FormatTenantsOptions>;

/** One block for all tenants with the same reason: migration and error. */
function formatFailures({ tenants }: TenantsResult, how: Manner): string | undefined {
  const failures = tenants.filter(({ status }) => status === 'failed' || status === 'refused');
  if (failures.length === 0) return undefined;
  const groups = groupByReason(failures, ({ tenant, failed, error }) => ({
    name: tenant,
    reason: `${failed?.id ?? ''} ${formatError(failed?.error ?? error)}`,
  }));
  return listed(groups, 'reasons', (group) => formatFailure(group, how));
}

function formatFailure({ first, names }: ReasonGroup<TenantOutcome>, how: Manner): string {
  const { failed, error } = first;
  const head = failed === undefined ? 'refused' : `failed at ${failed.id} ${failed.name}`;
  const was = failed === undefined ? `${names.length === 1 ? 'was' : 'were'} ` : '';
  return `${how.style.bad(headOf(names, `${was}${head}`))}\n${indent(formatReason(failed?.error ?? error, how))}`;
}

/** `acme failed:`, or `3 tenants failed: a, b, c`. */
function headOf(names: readonly string[], what: string): string {
  const [only, ...others] = names;
  return others.length === 0 ? `${only} ${what}:` : shortList(names, ` ${what}`);
}

function outcomeRow({ tenant, status, done, durationMs }: TenantOutcome): string[] {
  const applied = done.length === 0 ? '' : count(done.length, 'migration');
  const word = status === 'not-reached' ? 'skipped' : status;
  return [tenant, word, applied, durationMs === 0 ? '' : formatDuration(durationMs)];
}

/** How the tenants stand, for people: those that are behind by what they lack, those in trouble one by one. */
export function formatTenantsStatus(
  given: TenantsStatusResult,
  { style = plainStyle, detail = 'short' }: FormatTenantsOptions = {},
): string {
  const result = foreignValue(given);
  const { counts, tenants } = result;
  const troubled = tenants.filter(
    ({ counts: each, problems, error }) =>
      error !== undefined || each.failed + each.drifted + problems.length > 0,
  );
  return redact(
    paragraphs([
      formatHead(result, style),
      detail === 'each' ? formatTable(tenants.map(statusRow)) : undefined,
      formatBehind(
        tenants.filter((tenant) => !troubled.includes(tenant)),
        style,
      ),
      formatTenantRenames(
        tenants.map((status) => ({ tenant: status.tenant, text: formatRename(result, status) })),
        style,
      ),
      formatTroubles(troubled, { style, detail }),
      counts.total === 0
        ? 'The environment names no tenants.'
        : `${count(counts.total, 'tenant')}: ${counts.upToDate} up to date, ${counts.behind} behind, ${counts.troubled} in trouble.`,
      formatLowered(result, style),
    ]),
  );
}

/** One line for all tenants that lack the same migrations. */
function formatBehind(
  tenants: readonly Pick<TenantStatus, 'tenant' | 'pending'>[],
  style: Style,
): string | undefined {
  const groups = new Map<string, { pending: readonly MigrationId[]; names: string[] }>();
  for (const { tenant, pending } of tenants) {
    if (pending.length === 0) continue;
    const key = pending.join();
    const group = groups.get(key) ?? { pending, names: [] };
    group.names.push(tenant);
    groups.set(key, group);
  }
  if (groups.size === 0) return undefined;
  return listed([...groups.values()], 'groups', ({ pending, names }) => {
    const head = shortList(names, ` without ${count(pending.length, 'migration')}`);
    return `${style.warning(head)}\n${indent(pending.join('\n'))}`;
  });
}

function formatTroubles(troubled: readonly TenantStatus[], how: Manner): string | undefined {
  if (troubled.length === 0) return undefined;
  const groups = groupByReason(troubled, (tenant) => ({
    name: tenant.tenant,
    reason: `${troubleOf(tenant)} ${troubleReason(tenant, { ...how, style: plainStyle })}`,
  }));
  return listed(groups, 'reasons', ({ first, names }) => {
    const [only, ...others] = names;
    const what = troubleOf(first);
    const head = others.length === 0 ? `${only}: ${what}` : `${shortList(names)}\n${indent(what)}`;
    const reason = troubleReason(first, how);
    return `${how.style.bad(head)}${reason === '' ? '' : `\n${indent(reason)}`}`;
  });
}

function troubleOf({ counts, error }: TenantStatus): string {
  if (error !== undefined) return 'cannot be looked at';
  return `${counts.failed} failed, ${counts.drifted} drifted`;
}

function troubleReason({ failed, problems, error }: TenantStatus, how: Manner): string {
  if (error !== undefined) return formatReason(error, how);
  const attempts = failed.map(
    ({ id, name, state, error: recorded }) =>
      `${id} ${name} ${state === 'running' ? 'was interrupted' : 'failed'}${recorded === undefined ? '' : `: ${recorded.code}: ${recorded.message}`}`,
  );
  const found = problems.length === 0 ? [] : [formatProblems(problems, how.style)];
  return [...attempts, ...found].join('\n');
}

function statusRow({ tenant, counts, error }: TenantStatus): string[] {
  if (error !== undefined) return [tenant, 'unknown'];
  const { applied, pending, failed, drifted } = counts;
  return [
    tenant,
    `${applied} applied`,
    `${pending} pending`,
    `${failed} failed`,
    `${drifted} drifted`,
  ];
}

function formatReason(error: unknown, { style, detail }: Manner): string {
  return formatError(error, { style, detail: detail === 'each' ? 'verbose' : 'short' });
}

function listed<T>(items: readonly T[], what: string, format: (item: T) => string): string {
  const more = items.length - MOST_LISTED;
  return paragraphs([
    ...items.slice(0, MOST_LISTED).map(format),
    more > 0 ? `… and ${more} more ${what}: --json has them all.` : undefined,
  ]);
}
