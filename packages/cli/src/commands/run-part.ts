import { formatRunResult, type RunResult } from '@flashfusion/migrator';
import { EXIT, exitCodeOfFailedRun } from '../exit-code';
import type { Part } from '../outcome';
import type { Runtime } from '../runtime';

/** A run as part of a command's outcome. */
export function runPart(result: RunResult, { style, common }: Runtime): Part {
  return {
    document: result,
    text: formatRunResult(result, { style, detail: common.verbose ? 'verbose' : 'short' }),
    exitCode: result.status === 'failed' ? exitCodeOfFailedRun(result.failed?.error) : EXIT.done,
    effect: result.status === 'done' || result.status === 'failed' ? 'changed' : 'unchanged',
  };
}
