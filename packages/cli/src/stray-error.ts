import { formatError, MigratorError } from '@flashfusion/migrator';
import { dirname } from 'node:path';

/** Folders whose code is not the user's. */
const OWN = [__dirname, dirname(require.resolve('@flashfusion/migrator'))];

/**
 * Explains an error that no code waited for, outside of a migration. It comes from what the command has loaded: the
 * configuration, a migration, or a module that these import.
 *
 * @returns the error itself if it has a code, or if no file of the user stands in its stack
 */
export function explainStrayError(thrown: unknown): unknown {
  const { name, stack, code } = (thrown ?? {}) as Readonly<Record<string, unknown>>;
  if (name === 'MigratorError') return thrown;
  const frames = typeof stack === 'string' ? (stack.match(/^ {4}at .+$/gm) ?? []) : [];
  const where = frames.map(placeOf).find((place) => place !== undefined);
  // Node makes this one of a value that is no error: its stack is that of Node.
  const value = code === 'ERR_UNHANDLED_REJECTION';
  if (where === undefined && frames.length > 0 && !value) return thrown;
  const message = `${formatError(thrown).replace(/\.$/, '')}. No code waited for this error, and no migration was running.`;
  const hint =
    'It comes from the configuration, a migration or a module that these import: await each promise, and catch errors in timers and event handlers.';
  return new MigratorError('MIGRATION_FAILED', message, { where, hint, cause: thrown });
}

/** `file:line:column` of a frame in the user's code. */
function placeOf(frame: string): string | undefined {
  const place = /(?:\(|at )((?:file:\/\/)?(?:\/|[a-z]:[\\/])[^()]*:\d+:\d+)\)?$/i.exec(frame)?.[1];
  const own = place === undefined || OWN.some((folder) => place.includes(folder));
  return own || /[\\/]node_modules[\\/]/.test(place) ? undefined : place.replace(/^file:\/\//, '');
}
