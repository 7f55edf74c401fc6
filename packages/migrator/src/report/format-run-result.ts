import type { MigrationOutcome, RunResult } from '../run/result';
import { formatDuration } from './duration';
import { formatError, type FormatErrorOptions } from './format-error';
import { countMessages } from './format-messages';
import { formatPlan } from './format-plan';
import { formatSkipped, skippedMigrations } from './format-skipped';
import { redact } from '../text/redact';
import { foreignValue } from '../text/foreign-value';
import { plainStyle, type Style } from './style';
import { formatTable } from './table';
import { targetOf } from '../target';
import { count, formatEmptyFolder, formatHead, indent, paragraphs } from './wording';

/**
 * What a run did, for people: what was carried out, what failed and what to do about it, and in one line what was skipped. The error
 * is at the end, whatever was done and skipped: `verbose` lists everything that was skipped before it.
 */
export function formatRunResult(
  given: RunResult,
  { style = plainStyle, detail = 'short' }: FormatErrorOptions = {},
): string {
  const how = { style, detail };
  const result = foreignValue(given);
  const runs = [...result.prerequisiteRuns, result];
  const skipped = runs.flatMap(skippedMigrations);
  const line = formatSkipped('migration', skipped, { style, all: '--verbose lists all' });
  return redact(
    paragraphs([
      detail === 'verbose' ? listSkipped(skipped, style) : undefined,
      ...result.prerequisiteRuns
        .filter((run) => !wasSkipped(run))
        .map((run) => formatPrerequisite(run, result.project, how)),
      // If a run before it failed, the error stays at the end.
      ...(failedBefore(result) ? [] : [formatHead(result, style), formatOutcome(result, how)]),
      line,
    ]),
  );
}

/** Whether a run before this one failed, so that nothing of it ran. */
function wasSkipped({ status, done, failed }: RunResult): boolean {
  return status === 'failed' && failed === undefined && done.length === 0;
}

function listSkipped(skipped: readonly string[], style: Style): string | undefined {
  if (skipped.length === 0) return undefined;
  return `${style.warning('Skipped:')}\n${skipped.map((name) => indent(name)).join('\n')}`;
}

type Manner = Required<FormatErrorOptions>;

/** A run that went before, under its own head. */
function formatPrerequisite(run: RunResult, neededBy: string, how: Manner): string {
  const head = `${formatHead(run, how.style)} ${how.style.quiet(`(needed by ${neededBy})`)}`;
  return paragraphs([head, formatOutcome(run, how)]);
}

/** Whether what stopped the run was a run before it, which has told of it. */
function failedBefore({ prerequisiteRuns }: RunResult): boolean {
  return prerequisiteRuns.some(({ status }) => status === 'failed');
}

function formatOutcome(result: RunResult, how: Manner): string {
  const { style } = how;
  const applies = result.action === 'apply';
  switch (result.status) {
    case 'nothing-to-do':
      if (!applies) return 'Nothing to revert.';
      return result.emptyFolder === undefined
        ? 'Nothing to apply: everything is applied.'
        : formatEmptyFolder(result.emptyFolder);
    case 'planned':
      return formatPlan(result.plan, style, targetOf(result));
    case 'done':
    case 'failed':
      return paragraphs([formatDone(result, style), formatFailure(result, how)]);
  }
}

function formatDone({ action, done, failed, durationMs }: RunResult, style: Style): string {
  const verb = action === 'apply' ? 'Applied' : 'Reverted';
  if (done.length === 0) return failed === undefined ? `${verb} nothing.` : '';
  const head = `${verb} ${count(done.length, 'migration')} in ${formatDuration(durationMs)}:`;
  return `${style.good(head)}\n${indent(formatTable(done.map(outcomeRow)))}`;
}

function outcomeRow({ id, name, durationMs, messages }: MigrationOutcome): readonly string[] {
  return [id, name, formatDuration(durationMs), countMessages(messages)];
}

function formatFailure({ action, failed }: RunResult, how: Manner): string | undefined {
  if (failed === undefined) return undefined;
  const { style } = how;
  const verb = action === 'apply' ? 'apply' : 'revert';
  const after = formatDuration(failed.durationMs);
  const messages = countMessages(failed.messages);
  const said = messages === '' ? '' : ` (${messages})`;
  const head = style.bad(`Failed to ${verb} ${failed.id} ${failed.name} after ${after}${said}:`);
  const guidance = failed.guidance.map((line) => `- ${line}`);
  return paragraphs([
    `${head}\n${indent(formatError(failed.error, how))}`,
    guidance.length === 0
      ? undefined
      : ['What now:', ...guidance.map((line) => indent(line))].join('\n'),
  ]);
}
