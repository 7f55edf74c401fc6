/* eslint-disable no-restricted-properties -- this is the one place that stands in for process.exit */
import { AsyncLocalStorage } from 'node:async_hooks';
import { MigratorError } from '../errors';

/** One guarded call: what it asked the process to do. */
interface Guarded {
  exit: MigratorError | undefined;
}

const guarded = new AsyncLocalStorage<Guarded>();
let guards = 0;
let realExit: typeof process.exit | undefined;

/**
 * Runs `fn`, in which `process.exit` throws in place of ending the process, so that the caller can still roll back and
 * record. Only calls that come out of `fn` are caught: a signal handler of the application still exits. Guards may nest
 * and overlap. What `fn` leaves running after it has settled is no longer guarded.
 *
 * @throws what `fn` throws; {@link MigratorError} `PROCESS_EXIT` when it called `process.exit`, even if it swallowed
 *   the error that this threw inside
 */
export async function withExitGuard<T>(fn: () => T | Promise<T>): Promise<T> {
  const call: Guarded = { exit: undefined };
  install();
  try {
    const result = await guarded.run(call, async () => fn());
    if (call.exit !== undefined) throw call.exit;
    return result;
  } catch (error) {
    throw call.exit ?? error;
  } finally {
    uninstall();
  }
}

function install(): void {
  guards += 1;
  if (guards > 1) return;
  const exit = process.exit;
  realExit = exit;
  process.exit = (code?: Parameters<typeof process.exit>[0]): never => {
    const call = guarded.getStore();
    if (call === undefined) return exit.call(process, code);
    call.exit ??= new MigratorError('PROCESS_EXIT', `process.exit(${code ?? ''}) was called.`, {
      hint: 'Throw an error in place of ending the process.',
    });
    throw call.exit;
  };
}

function uninstall(): void {
  guards -= 1;
  if (guards > 0 || realExit === undefined) return;
  process.exit = realExit;
  realExit = undefined;
}
