import { coversNames, type GivenNames } from '../plan/select-names';
import type { BatchPlan, CiOrigin, ReportedTask, ReportOrigin, TaskBatch } from './report-origin';

/** What is known of the age of a report. */
export interface DatedReport {
  readonly origin?: ReportOrigin;
  /** When the run ended, ISO 8601, UTC. */
  readonly finishedAt?: string;
  /** The database that it is about. */
  readonly database?: string;
  /** The tenant that it is about; `undefined` also if it is about several. */
  readonly tenant?: string;
}

/** A task of the present run that has no report. */
export interface SkippedTask {
  readonly task: ReportedTask;
  /** Ids of the tasks that did not succeed and that it waits for. */
  readonly because: readonly string[];
}

/** Reports, sorted by whether they belong to the present run. */
export interface PresentReports<Report> {
  readonly present: readonly Report[];
  readonly stale: readonly Report[];
  readonly skipped: readonly SkippedTask[];
  /** The commands that make up the present run, by start. */
  readonly batches: readonly (TaskBatch & CiOrigin)[];
}

/** How to tell the present run from earlier ones. */
export interface PresentOptions<Report> {
  readonly plans: readonly BatchPlan[];
  /** The CI run that is present, if known. Without it the newest command decides. */
  readonly ciRun?: string;
  failed(report: Report): boolean;
}

/**
 * Separates the reports of the present run from those that earlier runs left behind, and names the tasks without a report.
 *
 * The present run is the newest command, with all other commands of the same CI run. If a task was planned by several of them, the
 * newest decides: its report is present, or the task was skipped. A report without a command is present if nothing shows that
 * it comes from another CI run, another commit or an earlier time.
 */
export function selectPresent<Report extends DatedReport>(
  reports: readonly Report[],
  { plans, ciRun, failed }: PresentOptions<Report>,
): PresentReports<Report> {
  const batches = presentBatches(reports, plans, ciRun);
  const ids = new Set(batches.map(({ id }) => id));
  const newestFirst = plans
    .filter(({ batch }) => ids.has(batch.id))
    .sort(byBatch)
    .reverse();
  const reference = referenceOf(reports, batches, ciRun);
  const isPresent = (report: Report) =>
    report.origin?.batch === undefined
      ? isOfReference(report, reference, batches[0])
      : ids.has(report.origin.batch.id) && !isSuperseded(report, newestFirst);
  const present = reports.filter(isPresent);
  return {
    present,
    stale: reports.filter((report) => !present.includes(report)),
    skipped: skippedTasks(present, newestFirst, failed),
    batches,
  };
}

function presentBatches(
  reports: readonly DatedReport[],
  plans: readonly BatchPlan[],
  ciRun: string | undefined,
): readonly (TaskBatch & CiOrigin)[] {
  const found = new Map<string, TaskBatch & CiOrigin>();
  const origins = reports.flatMap(({ origin }) => origin ?? []);
  for (const { batch, gitCommit, ciRun: run } of [...origins, ...plans]) {
    if (batch !== undefined) found.set(batch.id, { ...batch, gitCommit, ciRun: run });
  }
  const inOrder = [...found.values()].sort(byStart);
  const wanted = ciRun ?? inOrder.at(-1)?.ciRun;
  return wanted === undefined
    ? inOrder.slice(-1)
    : inOrder.filter((batch) => batch.ciRun === wanted);
}

/** The code and the CI run of the present run. */
function referenceOf(
  reports: readonly DatedReport[],
  batches: readonly CiOrigin[],
  ciRun: string | undefined,
): CiOrigin {
  const newest = reports
    .flatMap(({ origin }) => origin ?? [])
    .sort(byStart)
    .at(-1);
  const { gitCommit, ciRun: run } = batches.at(-1) ?? newest ?? {};
  return ciRun === undefined || ciRun === run ? { gitCommit, ciRun: run } : { ciRun };
}

function isOfReference(
  { origin, finishedAt }: DatedReport,
  reference: CiOrigin,
  first: TaskBatch | undefined,
): boolean {
  if (origin?.ciRun !== undefined && reference.ciRun !== undefined) {
    return origin.ciRun === reference.ciRun;
  }
  if (origin?.gitCommit !== undefined && reference.gitCommit !== undefined) {
    if (origin.gitCommit !== reference.gitCommit) return false;
  }
  const end = finishedAt ?? origin?.finishedAt ?? origin?.startedAt;
  return end === undefined || first === undefined || end >= first.startedAt;
}

/** Whether a later command planned the task of this report. Its report, or its absence, counts then. */
function isSuperseded(
  { origin, database, tenant }: DatedReport,
  newestFirst: readonly BatchPlan[],
): boolean {
  if (origin?.batch === undefined) return false;
  const { batch, task } = origin;
  const later = newestFirst.filter((plan) => byBatch(plan, { batch }) > 0);
  const about = { ...task, database: database ?? task.database, tenant: tenant ?? task.tenant };
  return later.some(({ tasks }) => tasks.some((other) => covers(other, about)));
}

function skippedTasks<Report extends DatedReport>(
  present: readonly Report[],
  newestFirst: readonly BatchPlan[],
  failed: (report: Report) => boolean,
): SkippedTask[] {
  const skipped: SkippedTask[] = [];
  const seen: ReportedTask[] = [];
  for (const { batch, tasks } of newestFirst) {
    const reports = present.filter(({ origin }) => origin?.batch?.id === batch.id);
    const reported = new Set(reports.map(({ origin }) => origin?.task.id));
    const bad = new Set(reports.filter(failed).map(({ origin }) => origin?.task.id));
    const decided = tasks.filter((task) => !seen.some((other) => covers(other, task)));
    for (const task of decided.filter(({ id }) => !reported.has(id))) {
      skipped.push({ task, because: causesOf(task, tasks, bad) });
    }
    seen.push(...tasks);
  }
  return skipped.sort((one, other) => (one.task.id < other.task.id ? -1 : 1));
}

/** The failed tasks that a task waits for, directly or through tasks that were skipped as well. */
function causesOf(
  task: ReportedTask,
  tasks: readonly ReportedTask[],
  failed: ReadonlySet<string | undefined>,
): string[] {
  const byId = new Map(tasks.map((other) => [other.id, other]));
  const seen = new Set(task.after);
  // A set also visits what is added while it is iterated over.
  for (const id of seen) {
    if (failed.has(id)) continue;
    for (const before of byId.get(id)?.after ?? []) seen.add(before);
  }
  return [...seen].filter((id) => failed.has(id)).sort();
}

/** Whether a later task acts on all targets of an earlier one. */
function covers(later: ReportedTask, task: ReportedTask): boolean {
  return (
    isSamePlace(later, task) &&
    coversOption(later.database, task.database) &&
    coversOption(later.tenant, task.tenant)
  );
}

function coversOption(later: GivenNames | undefined, earlier: GivenNames | undefined): boolean {
  return later === undefined || coversNames(later, earlier ?? '*');
}

function isSamePlace(one: ReportedTask, other: ReportedTask): boolean {
  return (
    one.project === other.project &&
    one.target === other.target &&
    one.environment === other.environment
  );
}

function byBatch(one: { readonly batch: TaskBatch }, other: { readonly batch: TaskBatch }): number {
  return byStart(one.batch, other.batch);
}

function byStart(one: { readonly startedAt: string }, other: { readonly startedAt: string }) {
  return Date.parse(one.startedAt) - Date.parse(other.startedAt);
}
