import { AsyncLocalStorage } from 'node:async_hooks';
import { redact } from '../text/redact';
import { describeThrown, MigratorError } from '../errors';
import { explainFailure } from './explain-failure';
import type { RunListener } from './events';

/** A call of a migration's function, to which uncaught errors are attributed. */
interface MigrationCall {
  readonly id: string;
  /** The migration's file. */
  readonly path: string;
  readonly onEvent: RunListener;
  /** Ends the call; `undefined` once it has settled. */
  fail: ((error: MigratorError) => void) | undefined;
  /** The transaction that the call is a part of. */
  readonly within: MigrationCall | undefined;
}

/** Whose code it is. */
type Owner = Pick<MigrationCall, 'id' | 'path' | 'onEvent'>;

type Origin = 'uncaughtException' | 'unhandledRejection';

/** Marks the listeners of this module: `ff` leaves an error to them. Its main.ts knows the same name. */
const MARK = Symbol.for('flashfusion.strayErrors');

const calls = new AsyncLocalStorage<MigrationCall>();
const running = new Set<MigrationCall>();
let watches = 0;

/**
 * Keeps the process alive while `body` runs, whatever the code of a migration leaves uncaught: the listeners for
 * `uncaughtException` and `unhandledRejection` are installed for that time only. Watches may nest and overlap.
 */
export async function watchStrayErrors<T>(body: () => Promise<T>): Promise<T> {
  watches += 1;
  if (watches === 1) {
    process.on('uncaughtException', onException);
    process.on('unhandledRejection', onRejection);
  }
  try {
    return await body();
  } finally {
    watches -= 1;
    if (watches === 0) {
      process.off('uncaughtException', onException);
      process.off('unhandledRejection', onRejection);
    }
  }
}

/**
 * Runs a function of a migration. A rejection that it does not await, and an error in a timer or an event handler that it
 * started, fail the call as if the function had thrown them.
 *
 * @throws what `body` throws; {@link MigratorError} with the stray error as its cause
 */
export async function failOnStrayErrors<T>(owner: Owner, body: () => Promise<T>): Promise<T> {
  const call: MigrationCall = { ...owner, fail: undefined, within: calls.getStore() };
  const stray = new Promise<never>((_, reject) => {
    call.fail = reject;
  });
  return watchStrayErrors(async () => {
    running.add(call);
    try {
      const settled = calls.run(call, async () => {
        const value = await body();
        // Node reports a rejection that nobody handles only after the microtasks: it has to be in by the time of COMMIT.
        await new Promise((resolve) => setImmediate(resolve));
        return value;
      });
      return await Promise.race([settled, stray]);
    } finally {
      running.delete(call);
      call.fail = undefined;
    }
  });
}

/**
 * Runs the body of a transaction to its end. A stray error of a function that has settled before fails the transaction then.
 *
 * @throws what `body` throws; {@link MigratorError} with the stray error as its cause
 */
export async function refuseStrayErrors<T>(owner: Owner, body: () => Promise<T>): Promise<T> {
  let first: MigratorError | undefined;
  const call: MigrationCall = {
    ...owner,
    fail: (error) => {
      first ??= error;
    },
    within: undefined,
  };
  try {
    const value = await calls.run(call, body);
    if (first !== undefined) throw first;
    return value;
  } finally {
    call.fail = undefined;
  }
}

const onException = Object.assign((error: unknown) => receive('uncaughtException', error), {
  [MARK]: true,
});
const onRejection = Object.assign((reason: unknown) => receive('unhandledRejection', reason), {
  [MARK]: true,
});

function receive(origin: Origin, thrown: unknown): void {
  const owner = calls.getStore();
  for (let call = owner; call !== undefined; call = call.within) {
    if (call.fail) return call.fail(strayError(origin, thrown, owner ?? call));
  }
  if (owner) return tell(owner, origin, thrown);
  // Where it comes from is unknown: a migration that may have lost a part of its work must not be recorded as applied.
  if (running.size === 0) throw thrown;
  for (const call of running) call.fail?.(strayError(origin, thrown, call));
}

/** A migration has left something running that failed after its function had settled. */
function tell({ id, onEvent }: MigrationCall, origin: Origin, thrown: unknown): void {
  onEvent({
    type: 'migration-log',
    id,
    level: 'error',
    message: redact(
      `${WHAT[origin]} after the function of ${id} had finished: ${describeThrown(thrown)}`,
    ),
  });
}

function strayError(origin: Origin, thrown: unknown, { id, path }: MigrationCall): MigratorError {
  const { code, message, where, stack, statement } = explainFailure(thrown, path);
  const error = new MigratorError(code, `${WHAT[origin]} while ${id} ran: ${message}`, {
    hint: HINTS[origin],
    where,
    statement,
    cause: thrown,
  });
  if (stack !== undefined) error.stack = stack;
  return error;
}

const WHAT: Readonly<Record<Origin, string>> = {
  unhandledRejection: 'A promise that was not awaited was rejected',
  uncaughtException: 'A timer or an event handler threw',
};

const HINTS: Readonly<Record<Origin, string>> = {
  unhandledRejection: 'Await every promise in the migration, or catch its rejection.',
  uncaughtException:
    'Catch errors inside timers and event handlers, and pass them to a promise that the migration awaits.',
};
