import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  escapeMarkdown,
  foldReports,
  formatMarkdownSummary,
  MigratorError,
  parseRunReport,
  toRunReport,
  type Problem,
  type RunReport,
  type RunResult,
} from '@flashfusion/migrator';
import { EXIT } from '../exit-code';
import { singleOutcome, type Outcome } from '../outcome';
import type { Runtime } from '../runtime';

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
 * @throws {MigratorError} `FILE_UNREADABLE`, `INVALID_ARGUMENT` for all files that hold no result
 */
export async function report(
  files: readonly string[],
  { surroundings }: Runtime,
): Promise<Outcome> {
  const findings: Findings = { runs: [], refusals: [], problems: [] };
  for (const file of files) await readInto(findings, file, resolve(surroundings.cwd, file));
  const { runs, refusals, problems } = findings;
  if (problems.length > 0) throw MigratorError.fromProblems(problems);

  const folded = foldReports(runs);
  const status = refusals.length > 0 ? 'failed' : folded.status;
  return singleOutcome({
    document: { ...folded, status, refusals },
    text: [formatMarkdownSummary(runs).trimEnd(), ...refusals.map(formatRefusal)].join('\n\n'),
    exitCode: EXIT.done,
    effect: 'unchanged',
  });
}

async function readInto(findings: Findings, file: string, path: string): Promise<void> {
  const value = await readJson(file, path, findings.problems);
  if (value === undefined) return;
  for (const document of Array.isArray(value) ? (value as unknown[]) : [value]) {
    const run = parseRunReport(document) ?? parseRunReport(reportOfResult(document));
    const refusal = refusalOf(document, file);
    if (run !== undefined) findings.runs.push(run);
    else if (refusal !== undefined) findings.refusals.push(refusal);
    else {
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

/** The report of what looks like a result; `parseRunReport` then has the last word. */
function reportOfResult(document: unknown): RunReport | undefined {
  try {
    return toRunReport(document as RunResult);
  } catch {
    return undefined;
  }
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

function formatRefusal({ file, code, message }: Refusal): string {
  return `**${escapeMarkdown(file)}**: ${escapeMarkdown(code)}: ${escapeMarkdown(message)}`;
}
