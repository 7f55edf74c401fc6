import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  MigratorError,
  originIn,
  parseBatchPlan,
  reportsIn,
  targetOf,
  tenantsNotReached,
  type BatchPlan,
  type DatedReport,
  type Problem,
  type RunReport,
  type Target,
  type TenantsNotReached,
  type TenantsResult,
} from '@flashfusion/migrator';
import { findReportFiles } from './report-files';

/** A command that was refused before it made a run, e.g. because the lock was held. */
export interface RefusedRun {
  readonly file: string;
  readonly code: string;
  readonly message: string;
  /** What it was refused on; absent if its document does not name it. */
  readonly target?: Target;
}

/** What one document of a file says of one database, or of a task. */
export interface ReadReport extends DatedReport {
  readonly file: string;
  readonly runs: readonly RunReport[];
  readonly refusal?: RefusedRun;
}

/** What report files contain. */
export interface ReadReports {
  readonly reports: readonly ReadReport[];
  /** The tasks that commands of Nx planned. */
  readonly plans: readonly BatchPlan[];
}

interface Findings {
  readonly reports: ReadReport[];
  readonly plans: BatchPlan[];
  readonly problems: Problem[];
}

/**
 * Reads the results of runs, as `--json` printed them or as the Nx executors wrote them.
 *
 * @param paths files, and folders in which every `.json` file at any depth is a report
 * @param cwd absolute; relative paths start there
 * @throws {MigratorError} `FILE_UNREADABLE`, `INVALID_ARGUMENT` for all files that contain no result and for folders without a
 *   report
 */
export async function readReports(paths: readonly string[], cwd: string): Promise<ReadReports> {
  const { files, problems } = await findReportFiles(paths, cwd);
  const findings: Findings = { reports: [], plans: [], problems: [...problems] };
  for (const file of files) await readInto(findings, file, resolve(cwd, file));
  if (findings.problems.length > 0) throw MigratorError.fromProblems(findings.problems);
  return findings;
}

async function readInto(findings: Findings, file: string, path: string): Promise<void> {
  const value = await readJson(file, path, findings.problems);
  if (value === undefined) return;
  const plan = parseBatchPlan(value);
  if (plan !== undefined) return void findings.plans.push(plan);
  for (const document of Array.isArray(value) ? (value as unknown[]) : [value]) {
    const report = reportOf(document, file);
    if (report !== undefined) {
      findings.reports.push(report);
      continue;
    }
    findings.problems.push({
      code: 'INVALID_ARGUMENT',
      message: `${file} holds no result of a run.`,
      where: path,
      hint: 'Give files with what `ff db migrate --json` or `ff db rollback --json` printed.',
    });
  }
}

function reportOf(document: unknown, file: string): ReadReport | undefined {
  const origin = originIn(document);
  const runs = reportsIn(document);
  const refusal =
    refusalOf(document, file) ??
    notReachedOf(tenantsBehind(document) ?? document, file) ??
    unfinishedOf(document, file);
  const isState = origin !== undefined && field(document, 'status') === 'nothing-to-do';
  if (runs === undefined && refusal === undefined && !isState) return undefined;
  const finishedAt = runs
    ?.flatMap((run) => run.finishedAt ?? [])
    .sort()
    .at(-1);
  const database = runs?.at(-1)?.database ?? text(field(document, 'databaseName'));
  const [tenant, ...others] = new Set(runs?.map((run) => run.tenant));
  const only = others.length === 0 ? (tenant ?? text(field(document, 'tenant'))) : undefined;
  const target = targetIn(document);
  return {
    file,
    runs: runs ?? [],
    refusal: refusal === undefined || target === undefined ? refusal : { ...refusal, target },
    origin,
    finishedAt,
    database,
    tenant: only,
  };
}

async function readJson(file: string, path: string, problems: Problem[]): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown reason';
    problems.push({
      code: 'FILE_UNREADABLE',
      message: `${file} cannot be read: ${reason}.`,
      where: path,
    });
    return undefined;
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    problems.push({ code: 'INVALID_ARGUMENT', message: `${file} is not JSON.`, where: path });
    return undefined;
  }
}

/** The tenants that a run through all of them stopped before. */
function tenantsBehind(document: unknown): TenantsNotReached | undefined {
  return Array.isArray(field(document, 'tenants'))
    ? tenantsNotReached(document as TenantsResult)
    : undefined;
}

/** A database of an environment with several that came behind one that failed, or tenants behind others. */
function notReachedOf(document: unknown, file: string): RefusedRun | undefined {
  if (field(document, 'status') !== 'not-reached') return undefined;
  const tenants = field(document, 'tenants');
  const message =
    typeof tenants === 'number'
      ? `${tenants === 1 ? '1 tenant was' : `${tenants} tenants were`} skipped.`
      : skippedTarget(document);
  return { file, code: 'NOT_REACHED', message };
}

function skippedTarget(document: unknown): string {
  const database = text(field(document, 'databaseName'));
  const tenant = text(field(document, 'tenant'));
  const name = [database, tenant].filter((part) => part !== undefined).join('/');
  return `The ${tenant === undefined ? 'database' : 'tenant'} ${name} was skipped.`;
}

/** A task that recorded its start and wrote no report: it was killed, or it still runs. */
function unfinishedOf(document: unknown, file: string): RefusedRun | undefined {
  const origin = originIn(document);
  if (origin === undefined || field(document, 'status') !== 'running') return undefined;
  const message = `${origin.task.id} started at ${origin.startedAt} and wrote no result: it still runs, or it was killed. See its history: the status target of the project, or ff db status.`;
  return { file, code: 'NO_RESULT', message };
}

function refusalOf(document: unknown, file: string): RefusedRun | undefined {
  const error = field(document, 'error');
  const code = field(error, 'code');
  const message = field(error, 'message');
  return typeof code === 'string' && typeof message === 'string'
    ? { file, code, message }
    : undefined;
}

/** The target that a document of a command or task names. */
function targetIn(document: unknown): Target | undefined {
  const [project, environment] = [field(document, 'project'), field(document, 'environment')];
  if (typeof project !== 'string' || typeof environment !== 'string') return undefined;
  return targetOf({
    project,
    environment,
    databaseName: text(field(document, 'databaseName')),
    tenant: text(field(document, 'tenant')),
  });
}

const text = (value: unknown) => (typeof value === 'string' ? value : undefined);

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
