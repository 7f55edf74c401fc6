import { formatRunResult, type RunResult } from '@flashfusion/migrator';
import { EXIT, exitCodeOfFailedRun } from '../exit-code';
import type { Part } from '../outcome';
import type { Runtime } from '../runtime';

/** A run as the person at the terminal wants to be told of it. */
export function formatRun(result: RunResult, { style, common }: Runtime): string {
  return formatRunResult(result, { style, detail: common.verbose ? 'verbose' : 'short' });
}

/** A run as part of a command's outcome. */
export function runPart(result: RunResult, runtime: Runtime): Part {
  return {
    document: result,
    text: formatRun(result, runtime),
    exitCode: result.status === 'failed' ? exitCodeOfFailedRun(result.failed?.error) : EXIT.done,
    effect: result.status === 'done' || result.status === 'failed' ? 'changed' : 'unchanged',
  };
}
