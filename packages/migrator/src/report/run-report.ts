import { describeThrown } from '../errors';
import { parseMessages, trimMessages, type ServerMessages } from '../migration/server-messages';
import type { MigrationOutcome, RunResult, TenantOutcome, TenantsResult } from '../run/result';
import { redact } from '../text/redact';

/** One migration in a report. */
export interface ReportedMigration {
  readonly id: string;
  readonly name: string;
  /** Milliseconds. */
  readonly durationMs: number;
  /** What the server said while it ran; absent if it said nothing. */
  readonly messages?: ServerMessages;
}

/** A run as plain data, small enough to be kept by a CI: what a task writes into its report file. */
export interface RunReport {
  /** Raised when a field changes its meaning; added fields do not raise it. */
  readonly format: 1;
  readonly project: string;
  readonly environment: string;
  readonly database: string | undefined;
  readonly tenant?: string;
  readonly action: 'apply' | 'revert';
  readonly status: RunResult['status'];
  readonly runId: string;
  readonly planned: readonly string[];
  readonly done: readonly ReportedMigration[];
  readonly failed:
    (ReportedMigration & { readonly code: string; readonly message: string }) | undefined;
  readonly notReached: readonly string[];
  /** Milliseconds. */
  readonly durationMs: number;
  /** When the run ended, ISO 8601, UTC. Absent in reports of older versions. */
  readonly finishedAt?: string;
}

/** Takes from a result what a report keeps: no file contents, no stacks, no secrets. */
export function toRunReport(result: RunResult): RunReport {
  const { project, environment, databaseName, tenant, action, status, runId, plan, failed } =
    result;
  return {
    format: 1,
    project,
    environment,
    database: databaseName,
    tenant,
    action,
    status,
    runId,
    planned: plan.steps.map(({ migration }) => migration.id),
    done: result.done.map(reported),
    failed: failed && {
      ...reported(failed),
      code: failed.error.code,
      message: redact(failed.error.message),
    },
    notReached: result.notReached,
    durationMs: result.durationMs,
    finishedAt: result.finishedAt,
  };
}

/** Messages of a class that a report keeps of one migration. */
const MOST_MESSAGES = 20;

function reported({ id, name, durationMs, messages }: MigrationOutcome): ReportedMigration {
  const few = messages && trimMessages(messages, MOST_MESSAGES);
  return { id, name, durationMs, ...(few && { messages: few }) };
}

/**
 * The reports of a result and of the runs that went before it, in order. A result's duration includes theirs; here each has
 * its own, so that durations can be added up.
 */
export function toRunReports(result: RunResult): RunReport[] {
  // A result read back from JSON of an older version has no such runs.
  const given: readonly RunResult[] | undefined = result.prerequisiteRuns;
  const before = given ?? [];
  const own = before.reduce((left, { durationMs }) => left - durationMs, result.durationMs);
  return [...before.map(toRunReport), { ...toRunReport(result), durationMs: Math.max(0, own) }];
}

/**
 * A report for every tenant that was run on or refused, or of which a run of another project failed before; the others have
 * nothing to report. See {@link tenantsNotReached} for those that the run stopped before.
 */
export function tenantReports(result: TenantsResult): RunReport[] {
  const { tenants, ...head } = result;
  const plan = { action: 'apply', project: head.project, environment: head.environment } as const;
  return tenants
    .filter(({ runId, status }) => runId !== '' || REPORTED.has(status))
    .map(({ planned, error, ...tenant }) => {
      const { status, done, failed } = tenant;
      const settled = new Set([...done.map(({ id }) => id), failed?.id]);
      const report = toRunReport({
        ...head,
        ...tenant,
        status: status === 'refused' || status === 'not-reached' ? 'failed' : status,
        plan: { ...plan, steps: [] },
        notReached: status === 'failed' ? planned.filter((id) => !settled.has(id)) : [],
        prerequisiteRuns: [],
      });
      return status === 'refused'
        ? { ...report, failed: refusalOf(head.project, error) }
        : { ...report, planned };
    });
}

/** What is worth a report also where nothing ran. */
const REPORTED: ReadonlySet<TenantOutcome['status']> = new Set(['planned', 'refused', 'failed']);

/** A refusal has no migration to blame: the project stands for it. Also for an error that was read back from JSON. */
function refusalOf(project: string, error: unknown): RunReport['failed'] {
  const { code, message } = (error ?? {}) as Record<string, unknown>;
  return {
    id: project,
    name: 'refused',
    durationMs: 0,
    code: isText(code) ? code : 'UNEXPECTED',
    message: redact(isText(message) ? message : describeThrown(error)),
  };
}

/**
 * A report as read back from JSON, or `undefined` when it is none: a folder of reports may hold other files, and reports of
 * a newer format.
 */
export function parseRunReport(value: unknown): RunReport | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const report = value as Partial<Record<keyof RunReport, unknown>>;
  const sound =
    report.format === 1 &&
    [report.project, report.environment, report.runId, report.status].every(isText) &&
    (report.action === 'apply' || report.action === 'revert') &&
    [report.planned, report.notReached].every((ids) => isListOf(ids, isText)) &&
    isListOf(report.done, isReportedMigration) &&
    (report.failed === undefined || isReportedFailure(report.failed)) &&
    [report.database, report.tenant].every((name) => name === undefined || isText(name)) &&
    typeof report.durationMs === 'number' &&
    (report.finishedAt === undefined || isTime(report.finishedAt));
  return sound ? (value as RunReport) : undefined;
}

/**
 * The reports in a document: one as a task wrote it, or what `--json` printed of a run or of all tenants.
 *
 * @param document parsed JSON
 * @returns `undefined` if it holds no result of a run
 */
export function reportsIn(document: unknown): RunReport[] | undefined {
  const report = parseRunReport(document);
  if (report !== undefined) return [report];
  const runs = reportsOfResult(document)?.map((run) => parseRunReport(run));
  return runs?.every((run) => run !== undefined) ? runs : undefined;
}

/** The reports of what looks like a result. {@link parseRunReport} decides whether they are sound. */
function reportsOfResult(document: unknown): RunReport[] | undefined {
  if (typeof document !== 'object' || document === null) return undefined;
  try {
    return 'tenants' in document && Array.isArray(document.tenants)
      ? tenantReports(document as TenantsResult)
      : toRunReports(document as RunResult);
  } catch {
    return undefined;
  }
}

function isTime(value: unknown): boolean {
  return isText(value) && TIME.test(value) && Number.isFinite(Date.parse(value));
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isListOf(value: unknown, isElement: (element: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isElement);
}

function isReportedMigration(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { id, name, durationMs, messages } = value as Record<string, unknown>;
  const sound = messages === undefined || parseMessages(messages) !== undefined;
  return isText(id) && isText(name) && typeof durationMs === 'number' && sound;
}

function isReportedFailure(value: unknown): boolean {
  if (!isReportedMigration(value)) return false;
  const { code, message } = value as Record<string, unknown>;
  return isText(code) && isText(message);
}
