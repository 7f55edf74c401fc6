import type { Problem } from '../errors';
import type { ReportClaim } from '../history/verify-reports';
import { migrationId, parseMigrationId } from '../migration/id';
import { repairCommand } from './commands';

/** The report of an earlier run, as far as the history is compared with it. A `RunReport` has these fields. */
export interface EarlierRun {
  readonly project: string;
  readonly environment: string;
  readonly database: string | undefined;
  readonly tenant?: string;
  readonly action: 'apply' | 'revert';
  readonly runId: string;
  readonly done: readonly { readonly id: string }[];
  readonly finishedAt?: string;
}

/** A report and the file that it is from. */
export interface EarlierReport {
  /** Path for messages. */
  readonly file: string;
  readonly report: EarlierRun;
}

/** What reports are about, to be compared with one history. */
export interface ReportScope {
  readonly project: string;
  readonly formerNames: readonly string[];
  readonly environment: string;
  readonly formerEnvironments: readonly string[];
  readonly databaseName: string | undefined;
  readonly tenant?: string;
}

/**
 * What the reports say of one project in one database. Reports about other projects, environments, databases and tenants are
 * left out, and those that do not say when their run ended: whether the database is still the same one is not known then.
 */
export function reportClaims(
  scope: ReportScope,
  reports: readonly EarlierReport[],
): readonly ReportClaim[] {
  const projects = new Set([scope.project, ...scope.formerNames]);
  const environments = new Set([scope.environment, ...scope.formerEnvironments]);
  const claims = new Map<string, ReportClaim>();
  for (const { file, report } of reports) {
    const { environment, runId, action, finishedAt } = report;
    const isOwn =
      projects.has(report.project) &&
      environments.has(environment) &&
      report.database === scope.databaseName &&
      report.tenant === scope.tenant;
    if (!isOwn || runId === '' || finishedAt === undefined || ranBefore(report)) continue;
    for (const { id } of report.done) {
      const { project, version } = parseMigrationId(id);
      if (!projects.has(project) || ![runId, version].every(isStorable)) continue;
      const key = JSON.stringify([project, version, runId, action]);
      const { databaseName, tenant } = scope;
      const place = { environment, databaseName, tenant };
      const claim = { file, runId, project, ...place, version, action, finishedAt };
      if (!claims.has(key)) claims.set(key, claim);
    }
  }
  return [...claims.values()];
}

/** The report of a tenant also names what earlier runs did, of this project too, under the id of the last run. */
function ranBefore({ tenant, project, done }: EarlierRun): boolean {
  return tenant !== undefined && done.some(({ id }) => !id.startsWith(`${project}:`));
}

/** A file may contain any text; Postgres stores neither NUL nor lone surrogates. */
function isStorable(text: string): boolean {
  return !text.includes('\0') && !/\p{Surrogate}/u.test(text);
}

/** The problem of a migration whose row is missing. */
export function missingRowProblem(claim: ReportClaim): Problem {
  const { file, runId, project, version, action, finishedAt } = claim;
  const id = migrationId(project, version);
  const done = action === 'revert' ? 'reverted' : 'applied';
  return {
    code: 'HISTORY_CORRUPT',
    message: `${id} has no row of run ${runId} in the history, but ${file} says that this run ${done} it (the run ended ${finishedAt}). The row was deleted, or the database was restored from an older backup.`,
    hint:
      'Find out what is in the database, then record the true state: ' +
      `${repairCommand(claim, version, 'mark-applied')} or ${repairCommand(claim, version, 'mark-reverted')}. ` +
      `If the database was restored or replaced on purpose, remove ${file}.`,
    where: id,
  };
}
