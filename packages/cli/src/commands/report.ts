import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  foldReports,
  formatMarkdownSummary,
  MigratorError,
  parseRunReport,
  tenantReports,
  tenantsNotReached,
  toRunReports,
  type Problem,
  type RunReport,
  type RunResult,
  type TenantsNotReached,
  type TenantsResult,
} from '@flashfusion/migrator';
import { EXIT } from '../exit-code';
import { singleOutcome, type Outcome } from '../outcome';
import type { Runtime } from '../runtime';
import { findReportFiles } from './report-files';

/** A command that was refused before it made a run, e.g. because the lock was held. */
interface Refusal {
  readonly file: string;
  readonly code: string;
  readonly message: string;
}

interface Findings {
  readonly runs: RunReport[];
  readonly refusals: Refusal[];
  readonly problems: Problem[];
}

/**
 * `ff db report`: folds the results of several runs, as `--json` printed them or as the Nx executors wrote them, into one.
 *
 * @param paths files, and folders in which every `.json` file at any depth is a report
 * @throws {MigratorError} `FILE_UNREADABLE`, `INVALID_ARGUMENT` for all files that hold no result and for folders without a
 *   report
 */
export async function report(
  paths: readonly string[],
  { surroundings }: Runtime,
): Promise<Outcome> {
  const findings: Findings = { runs: [], refusals: [], problems: [] };
  const { runs, refusals, problems } = findings;
  const found = await findReportFiles(paths, surroundings.cwd);
  problems.push(...found.problems);
  for (const file of found.files) await readInto(findings, file, resolve(surroundings.cwd, file));
  if (problems.length > 0) throw MigratorError.fromProblems(problems);

  const folded = foldReports(runs);
  const status = refusals.length > 0 ? 'failed' : folded.status;
  return singleOutcome({
    document: { ...folded, status, refusals },
    text: formatMarkdownSummary(
      runs,
      refusals.map(({ file, ...refusal }) => ({ name: file, ...refusal })),
    ).trimEnd(),
    exitCode: EXIT.done,
    effect: 'unchanged',
  });
}

async function readInto(findings: Findings, file: string, path: string): Promise<void> {
  const value = await readJson(file, path, findings.problems);
  if (value === undefined) return;
  for (const document of Array.isArray(value) ? (value as unknown[]) : [value]) {
    const runs = runsOf(document);
    const refusal =
      refusalOf(document, file) ?? notReachedOf(tenantsBehind(document) ?? document, file);
    if (runs !== undefined) findings.runs.push(...runs);
    if (refusal !== undefined) findings.refusals.push(refusal);
    if (runs === undefined && refusal === undefined) {
      findings.problems.push({
        code: 'INVALID_ARGUMENT',
        message: `${file} holds no result of a run.`,
        where: path,
        hint: 'Give files with what `ff db migrate --json` or `ff db rollback --json` printed.',
      });
    }
  }
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

/** The reports in a document: one as a task wrote it, or what `--json` printed of a run or of all tenants. */
function runsOf(document: unknown): RunReport[] | undefined {
  const report = parseRunReport(document);
  if (report !== undefined) return [report];
  const runs = reportsOfResult(document)?.map((run) => parseRunReport(run));
  return runs?.every((run) => run !== undefined) ? runs : undefined;
}

/** The reports of what looks like a result; `parseRunReport` then has the last word. */
function reportsOfResult(document: unknown): RunReport[] | undefined {
  try {
    return Array.isArray(field(document, 'tenants'))
      ? tenantReports(document as TenantsResult)
      : toRunReports(document as RunResult);
  } catch {
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
function notReachedOf(document: unknown, file: string): Refusal | undefined {
  if (field(document, 'status') !== 'not-reached') return undefined;
  const name = field(document, 'databaseName');
  const tenants = field(document, 'tenants');
  const message =
    typeof tenants === 'number'
      ? `Tenants that were not reached: ${tenants}.`
      : `The database ${typeof name === 'string' ? name : ''} was not reached.`;
  return { file, code: 'NOT_REACHED', message };
}

function refusalOf(document: unknown, file: string): Refusal | undefined {
  const error = field(document, 'error');
  const code = field(error, 'code');
  const message = field(error, 'message');
  return typeof code === 'string' && typeof message === 'string'
    ? { file, code, message }
    : undefined;
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
