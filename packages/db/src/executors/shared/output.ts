import { formatError, inertText, MigratorError, redact, toJson } from '@flashfusion/migrator';
import {
  explainLoss,
  patienceFor,
  seriousLoss,
  type OutputFormat,
  type ProcessOutput,
  type ResultStream,
} from '@flashfusion/migrator/output';

/** Writes text for people to standard output, without secrets, control characters and commands of a CI. */
export function print(text: string, stdout: ResultStream = process.stdout): void {
  stdout.write(`${inertText(redact(text)).trimEnd()}\n`);
}

/** Writes text to standard error, as {@link print} does. */
export function tell(text: string): void {
  process.stderr.write(`${inertText(redact(text)).trimEnd()}\n`);
}

/** Writes one JSON document to standard output, without secrets. */
export function printJson(value: unknown, stdout: ResultStream): void {
  stdout.write(`${toJson(value)}\n`);
}

/**
 * Waits until the output of a task is written, and reports a result that is lost.
 *
 * @param outcome how the task itself ended
 * @param signal ends the wait for a slow reader
 * @returns whether standard output has taken the result
 */
export async function deliver(
  output: ProcessOutput,
  format: OutputFormat,
  { outcome, signal }: { readonly outcome: 'succeeded' | 'failed'; readonly signal: AbortSignal },
): Promise<boolean> {
  const wait = signal.aborted ? undefined : signal;
  const loss = seriousLoss(await output.finish(patienceFor(process.stderr), wait), format);
  if (loss === undefined) return true;
  const { message, hint } = explainLoss(loss, outcome);
  tell(formatError(new MigratorError('OUTPUT_FAILED', message, { hint })));
  return false;
}
