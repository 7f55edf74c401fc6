import type { RunResult, TenantsResult } from '../run/result';
import { maskSecrets } from './mask';

/** One migration in a report. */
export interface ReportedMigration {
  readonly id: string;
  readonly name: string;
  /** Milliseconds. */
  readonly durationMs: number;
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
    done: result.done.map(({ id, name, durationMs }) => ({ id, name, durationMs })),
    failed: failed && {
      id: failed.id,
      name: failed.name,
      durationMs: failed.durationMs,
      code: failed.error.code,
      message: maskSecrets(failed.error.message),
    },
    notReached: result.notReached,
    durationMs: result.durationMs,
  };
}

/** The reports of a result and of the runs that went before it, in order. */
export function toRunReports(result: RunResult): RunReport[] {
  // A result read back from JSON of an older version has no such runs.
  const before: readonly RunResult[] | undefined = result.prerequisiteRuns;
  return [...(before ?? []), result].map(toRunReport);
}

/** A report for every tenant that was run on; the others have nothing to report. */
export function tenantReports(result: TenantsResult): RunReport[] {
  const { tenants, ...head } = result;
  return tenants
    .filter(({ runId, status }) => runId !== '' || status === 'planned')
    .map(({ planned, ...tenant }): RunReport => ({
      ...toRunReport({
        ...head,
        ...tenant,
        status: tenant.status === 'done' || tenant.status === 'planned' ? tenant.status : 'failed',
        plan: { action: 'apply', project: head.project, environment: head.environment, steps: [] },
        notReached: planned.filter(
          (id) =>
            tenant.status === 'failed' &&
            id !== tenant.failed?.id &&
            tenant.done.every((done) => done.id !== id),
        ),
        prerequisiteRuns: [],
      }),
      planned,
    }));
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
    (report.failed === undefined || isReportedMigration(report.failed)) &&
    typeof report.durationMs === 'number';
  return sound ? (value as RunReport) : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isListOf(value: unknown, isElement: (element: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isElement);
}

function isReportedMigration(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { id, name, durationMs } = value as Record<string, unknown>;
  return isText(id) && isText(name) && typeof durationMs === 'number';
}
