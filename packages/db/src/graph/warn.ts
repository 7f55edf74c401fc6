import { foreignText } from '@flashfusion/migrator/graph';

/** Says what could not be read, only to those who asked for it: graph creation must stay silent and never throw. */
export function warn(about: string, reason: unknown): void {
  if (process.env['NX_VERBOSE_LOGGING'] !== 'true') return;
  const message = (reason as { message?: unknown } | null)?.message ?? reason;
  // eslint-disable-next-line no-restricted-properties -- Nx shows it; no run depends on it
  process.stderr.write(foreignText(`@flashfusion/db: ${about}: ${String(message)}`) + '\n');
}
