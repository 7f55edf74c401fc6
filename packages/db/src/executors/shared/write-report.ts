import {
  formatMarkdownSummary,
  presentableError,
  redact,
  tenantReports,
  tenantsNotReached,
  toRunReports,
  type Refusal,
  type ReportOrigin,
  type RunReport,
  type RunResult,
  type TenantsNotReached,
  type TenantsResult,
} from '@flashfusion/migrator';
import type { ExecutorContext } from '@nx/devkit';
import { appendFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { batchOf } from '../../request';
import { failureOf } from './lost-report';
import { documentOf, type Finding, type Place } from './on-each-database';
import { currentTask, plannedTasks, type PlanContext } from './planned-tasks';
import { reportName } from './report-name';
import {
  filesOf,
  originOf,
  recordPlan,
  recordState,
  removeState,
  writeDocument,
} from './report-folder';
import type { Reporter } from './run-task';

type Result = RunResult | TenantsResult;

/**
 * Keeps what a task did where it is not lost: CI hides the output of Nx tasks that succeed. One JSON file for each target of
 * the task: a database, or a tenant if the command works on single tenants. It is a list if there were several runs (of tenants,
 * or of other projects that were needed first), and the error if the task was refused. A Markdown summary of the job goes where the
 * CI has a place for it (`$GITHUB_STEP_SUMMARY`). A run that had nothing to do writes its file and adds nothing to the summary.
 *
 * Each report names its task, the command of Nx that the task belongs to, the time, the commit and the CI run. Beside the
 * reports stand the tasks that the command planned and those that have not ended, so that `ff db report` tells the reports of
 * the present run from those of earlier ones.
 *
 * @param folder relative to the workspace; `undefined` writes no files
 */
export function reportTo(
  folder: string | undefined,
  context: Pick<ExecutorContext, 'root'> & PlanContext,
  env: NodeJS.ProcessEnv = process.env,
): Reporter<Result> {
  const base = folder === undefined || folder === '' ? undefined : resolve(context.root, folder);
  const target = base === undefined ? undefined : join(base, context.projectName ?? '');
  const nameOf = (place: Place) => reportName(context.targetName ?? 'task', place);
  const planned = plannedTasks(context, folder ?? '');
  const startedAt = new Date().toISOString();
  let origin: ReportOrigin | undefined;

  async function originAt(place: Place): Promise<ReportOrigin> {
    const batch = batchOf(env, context.root);
    // What follows from the plan stands in the plan only.
    const { after: _, ...task } = currentTask(context, planned, place);
    return { task, startedAt, batch, ...(await originOf(context.root, env)) };
  }

  return {
    async begin(place) {
      if (base === undefined || target === undefined) return;
      const stale = staleNames(nameOf(place), nameOf({ ...place, environment: undefined }), place);
      for (const name of (await filesOf(target)).filter(stale)) await rm(join(target, name));
      origin = await originAt(place);
      const { batch, gitCommit, ciRun } = origin;
      await recordState(base, origin, 'running');
      if (batch !== undefined && planned.length > 0) {
        await recordPlan(base, { format: 1, batch, gitCommit, ciRun, tasks: planned });
      }
    },
    async summarize(findings) {
      const summary = env['GITHUB_STEP_SUMMARY'];
      const text = summaryOf(findings);
      if (summary !== undefined && summary !== '' && text !== '') {
        await appendFile(summary, `${redact(text)}\n`);
      }
    },
    async end(findings) {
      const [first] = findings;
      if (base !== undefined && target !== undefined) {
        if (first !== undefined) origin ??= await originAt(first.place);
        const ended = origin && { ...origin, finishedAt: new Date().toISOString() };
        // Each one, also if another one cannot be written.
        let lost: Error | undefined;
        for (const finding of findings) {
          const path = join(target, `${nameOf(finding.place)}.json`);
          const document = withOrigin(reportOf(finding), ended);
          lost = (await failureOf(() => writeDocument(path, document))) ?? lost;
        }
        if (lost !== undefined) throw lost;
        if (ended !== undefined && first === undefined) {
          await recordState(base, ended, 'nothing-to-do');
        } else if (ended !== undefined) {
          await removeState(base, ended.task);
        }
      }
    },
  };
}

/** A document, or each of a list, with where it comes from. */
function withOrigin(document: unknown, origin: ReportOrigin | undefined): unknown {
  return Array.isArray(document)
    ? document.map((part: unknown) => withOrigin(part, origin))
    : { ...(document as object), origin };
}

/** The reports that this task writes anew, of all databases and tenants of its target, and those of a task without environment. */
function staleNames(name: string, unplaced: string, place: Place): (file: string) => boolean {
  const every = place.environment !== undefined;
  return (file) =>
    file === `${name}.json` ||
    file === `${unplaced}.json` ||
    (every && file.startsWith(`${name}.`) && file.endsWith('.json'));
}

/** A document, or a list of several. */
function reportOf(finding: Finding<Result>): unknown {
  if (finding.kind !== 'result') return documentOf(finding);
  const documents = [...reportsOf(finding.result), ...notReachedOf(finding.result)];
  return documents.length === 1 ? documents[0] : documents;
}

function reportsOf(result: Result): RunReport[] {
  return 'tenants' in result ? tenantReports(result) : toRunReports(result);
}

function notReachedOf(result: Result): TenantsNotReached[] {
  const rest = 'tenants' in result ? tenantsNotReached(result) : undefined;
  return rest === undefined ? [] : [rest];
}

function summaryOf(findings: readonly Finding<Result>[]): string {
  const results = findings.flatMap((finding) => (finding.kind === 'result' ? finding.result : []));
  const telling = results.filter(({ status }) => status !== 'nothing-to-do');
  const refusals = findings.flatMap(refusalOf);
  if (telling.length + refusals.length === 0) return '';
  return formatMarkdownSummary(telling.flatMap(reportsOf), refusals);
}

/** A database without a result, or of whose tenants some have none. */
function refusalOf(finding: Finding<Result>): Refusal[] {
  const { project, environment, databaseName, tenant } = finding.place;
  const where = [project, environment, databaseName, tenant].filter((part) => part !== undefined);
  const name = where.join('/');
  if (finding.kind === 'result') {
    const rest = notReachedOf(finding.result);
    return rest.map(({ tenants }) => ({
      name,
      message: `${tenants === 1 ? '1 tenant' : `${tenants} tenants`} skipped`,
    }));
  }
  if (finding.kind === 'not-reached') return [{ name, message: 'skipped' }];
  const { code, message } = presentableError(finding.error) as { code: string; message: string };
  return [{ name, code, message: redact(message) }];
}
