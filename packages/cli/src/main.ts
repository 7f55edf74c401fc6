import { EXIT, exitCodeOfSignal, type ExitCode } from './exit-code';
import { runProgram } from './program';
import { listenForCancellation } from './signals';
import type { Surroundings } from './surroundings';

// Kept before any migration runs: the engine watches for migrations that call `process.exit`.
const exit = process.exit.bind(process);

async function main(args: readonly string[]): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe);
  const cancellation = listenForCancellation({
    source: process,
    onQuit: (signal) => exit(exitCodeOfSignal(signal, EXIT.failed)),
    now: () => performance.now(),
  });
  const surroundings: Surroundings = {
    cwd: process.cwd(),
    env: process.env,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: cancellation.signal,
  };
  const onException = (error: unknown) => {
    if (isLeftToEngine()) return;
    process.off('uncaughtException', onException);
    void crash(error, args, surroundings);
  };
  process.on('uncaughtException', onException);
  process.once('beforeExit', () => void crashOfWaiting(args, surroundings));

  const exitCode = await runProgram(args, surroundings);
  const { received } = cancellation;
  leave(received === undefined ? exitCode : exitCodeOfSignal(received, exitCode));
}

/**
 * Something was thrown where nobody waits for it, e.g. in a timer that a migration has left behind: what else is half done
 * is unknown, so the process ends, and the server rolls back what was not committed.
 */
async function crash(
  error: unknown,
  args: readonly string[],
  surroundings: Surroundings,
): Promise<void> {
  const { writeOutcome } = await import('./output.js');
  const given = (option: string) => (args.includes(option) ? true : undefined);
  const outcome = { parts: [], error, exitCode: EXIT.failed };
  writeOutcome(outcome, { json: given('--json'), verbose: given('--verbose') }, surroundings);
  leave(EXIT.failed);
}

/**
 * Node ends a process that waits for a promise nobody can settle any more, with 0: as if all was done. A migration on an
 * embedded database that forgets to resolve comes to that; nothing of it is committed.
 */
async function crashOfWaiting(args: readonly string[], surroundings: Surroundings): Promise<void> {
  const { MigratorError } = await import('@flashfusion/migrator');
  const error = new MigratorError(
    'MIGRATION_FAILED',
    'The command waited for a promise that can never settle, of a migration or of the configuration.',
    { hint: 'Look at what was running last: every promise in it must be resolved or rejected.' },
  );
  await crash(error, args, surroundings);
}

/** `ff db status | head -1` closes the pipe early. That must neither crash us nor stop a run half way. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

/**
 * Whether the engine attributes the error to a migration that runs, which it then fails and records. Asked by a mark of its
 * listener, so that the engine is not loaded for it.
 */
function isLeftToEngine(): boolean {
  const mark = Symbol.for('flashfusion.strayErrors');
  return process.listeners('uncaughtException').some((listener) => mark in listener);
}

/** Ends the process once everything is written, also when a migration left a timer or a connection behind. */
function leave(exitCode: ExitCode): void {
  process.exitCode = exitCode;
  process.stdout.write('', () => process.stderr.write('', () => exit(exitCode)));
}

void main(process.argv.slice(2));
