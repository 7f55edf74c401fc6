/** `json`: standard output carries one document and nothing else. */
export type OutputFormat = 'text' | 'json';

/** How the output of a command ended. */
export type Delivery = { readonly kind: 'delivered' } | LostResult;

/** A result that standard output did not take, or not all of it. */
export interface LostResult {
  readonly kind: 'lost';
  /** The code of the failed write, e.g. `ENOSPC` or `EPIPE`; `undefined` if the reader stopped reading. */
  readonly code: string | undefined;
  readonly message: string;
}

/**
 * The loss that a command must fail for; `undefined` if there is none. A reader that closes the pipe early
 * (`ff db status | head -1`) has what it wants of a text, but a part of a JSON document is none.
 */
export function seriousLoss(delivery: Delivery, format: OutputFormat): LostResult | undefined {
  if (delivery.kind === 'delivered') return undefined;
  return format === 'text' && delivery.code === 'EPIPE' ? undefined : delivery;
}

/** What a front end reports with the code `OUTPUT_FAILED`. */
export function explainLoss(
  { message }: LostResult,
  outcome: 'succeeded' | 'failed',
): { readonly message: string; readonly hint: string } {
  return {
    message: `The result could not be written to standard output: ${message}. The command itself ${outcome}.`,
    hint: 'What the command changed in the database stays changed. Make room or keep the reader running, then check with status before you run the command again.',
  };
}

/**
 * How long a command waits at its end for a reader that takes nothing, in milliseconds. A person at a terminal can read
 * page by page and can cancel; in CI nothing else would end the process.
 */
export function patienceFor(stderr: { readonly isTTY?: boolean }): number {
  return stderr.isTTY === true ? Number.POSITIVE_INFINITY : 15_000;
}
