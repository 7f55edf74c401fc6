import { formatError, MigratorError } from '@flashfusion/migrator';
import { isNativeError } from 'node:util/types';
import type { Finding } from './on-each-database';
import { tell } from './output';
import type { Reporter } from './run-task';

/** How the command itself ended, whatever became of its output. */
export type Outcome = 'succeeded' | 'failed';

/** @returns what a step throws; `undefined` if it was done */
export async function failureOf(step: () => Promise<void> | undefined): Promise<Error | undefined> {
  try {
    await step();
    return undefined;
  } catch (error) {
    return isNativeError(error) ? error : new Error(String(error));
  }
}

/**
 * Writes the reports of a task and adds to the summary of the CI job. What cannot be written is printed, and changes nothing else.
 *
 * @param outcome how the command itself ended; `begun` is what could not be written before it
 * @returns whether the reports are written. The summary does not count: no option asks for it
 */
export async function writeReports<Result>(
  reporter: Reporter<Result> | undefined,
  findings: readonly Finding<Result>[],
  { begun, outcome }: { readonly begun: Error | undefined; readonly outcome: Outcome },
): Promise<boolean> {
  const ended = await failureOf(() => reporter?.end(findings));
  if (ended !== undefined) tell(formatError(lostReport(ended, outcome)));
  else if (begun !== undefined)
    tell(`The plan of the tasks could not be written: ${reasonOf(begun)}.`);
  const unsummarized = await failureOf(() => reporter?.summarize(findings));
  // The CI system names its file; no option asks for it.
  if (unsummarized !== undefined)
    tell(`The summary of the CI job could not be written: ${reasonOf(unsummarized)}.`);
  return ended === undefined;
}

/** The error of a task whose report could not be written: `OUTPUT_FAILED`. */
function lostReport(cause: Error, outcome: Outcome): MigratorError {
  const message = `The report could not be written: ${reasonOf(cause)}. The command itself ${outcome}.`;
  const hint =
    'What the command changed in the database stays changed. Make the report folder writable, then check with status before you run the command again. `"reportFolder": ""` in the options writes no reports.';
  return new MigratorError('OUTPUT_FAILED', message, { hint, cause });
}

/** The message of an error, for the middle of a sentence. */
function reasonOf({ message }: Error): string {
  return message.replace(/\.$/, '');
}
