import { formatError, redact, toJson } from '@flashfusion/migrator';

/** Writes text for people to standard output, without secrets. */
export function print(text: string): void {
  process.stdout.write(`${redact(text).trimEnd()}\n`);
}

/** Writes text to standard error, without secrets. */
export function tell(text: string): void {
  process.stderr.write(`${redact(text).trimEnd()}\n`);
}

/** Writes one JSON document to standard output, without secrets. */
export function printJson(value: unknown): void {
  process.stdout.write(`${cleanJson(value)}\n`);
}

/** A value as a JSON document without secrets. Each text in it is cleaned by itself: of the whole, quotes would be lost. */
export function cleanJson(value: unknown): string {
  const clean: unknown = JSON.parse(toJson(value), (_key, part: unknown) =>
    typeof part === 'string' ? redact(part) : part,
  );
  return JSON.stringify(clean, null, 2);
}

/** What was thrown, as JSON shows it. An error without a stable code gets one, so that a reader finds the same fields. */
export function presentable(error: unknown): unknown {
  const known = (error as { name?: unknown } | null | undefined)?.name === 'MigratorError';
  return known ? error : { code: 'UNEXPECTED', message: formatError(error), problems: [] };
}
