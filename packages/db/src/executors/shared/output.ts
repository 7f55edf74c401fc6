import { formatError, inertText, redact, toJson } from '@flashfusion/migrator';

/** Writes text for people to standard output, without secrets, control characters and commands of a CI. */
export function print(text: string): void {
  process.stdout.write(`${inertText(redact(text)).trimEnd()}\n`);
}

/** Writes text to standard error, as {@link print} does. */
export function tell(text: string): void {
  process.stderr.write(`${inertText(redact(text)).trimEnd()}\n`);
}

/** Writes one JSON document to standard output, without secrets. */
export function printJson(value: unknown): void {
  process.stdout.write(`${toJson(value)}\n`);
}

/** What was thrown, as JSON shows it. An error without a stable code gets one, so that a reader finds the same fields. */
export function presentable(error: unknown): unknown {
  const known = (error as { name?: unknown } | null | undefined)?.name === 'MigratorError';
  return known ? error : { code: 'UNEXPECTED', message: formatError(error), problems: [] };
}
