import { explainLoss, patienceFor, seriousLoss, takeOutput } from '@flashfusion/migrator/output';
import { EXIT, exitCodeOfSignal, type CancelSignal, type ExitCode } from './exit-code';
import { listenForCancellation } from './signals';
import { asksForJson, type Surroundings } from './surroundings';

// Kept before any migration runs: the engine watches for migrations that call `process.exit`.
const exit = process.exit.bind(process);

/** Milliseconds that a quit command gives its readers. */
const QUIT_MS = 500;

/** Runs one command line to the end of the process. */
class Main {
  private readonly format: 'json' | 'text';
  // Taken before anything else is loaded: code that saves `process.stdout.write` saves the guarded one.
  private readonly output;
  private readonly cancellation;
  private readonly surroundings: Surroundings;
  private state: 'running' | 'crashing' | 'leaving' = 'running';

  constructor(private readonly args: readonly string[]) {
    this.format = asksForJson(args) ? 'json' : 'text';
    this.output = takeOutput(this.format);
    this.cancellation = listenForCancellation({
      source: process,
      onQuit: (signal) => void this.quit(signal),
      now: () => performance.now(),
    });
    this.surroundings = {
      cwd: process.cwd(),
      env: process.env,
      stdout: this.output.result,
      stderr: process.stderr,
      signal: this.cancellation.signal,
    };
  }

  async run(): Promise<void> {
    process.exit = (code) => this.refuseExit(code);
    process.on('uncaughtException', (error) => {
      if (!isLeftToEngine()) void this.crashOfStray(error);
    });
    process.once('beforeExit', () => void this.crashOfWaiting());
    try {
      const { runProgram } = require('./program') as typeof import('./program');
      await this.leave(await runProgram(this.args, this.surroundings));
    } catch (error) {
      await this.crash(error);
    }
  }

  /**
   * Something was thrown that no code waits for, e.g. in a timer that a migration has left behind: what else is half done
   * is unknown, so the process ends, and the server rolls back what was not committed. If the result is written already, the
   * error is only shown.
   */
  private async crash(error: unknown): Promise<void> {
    const first = this.state === 'running';
    if (first) this.state = 'crashing';
    await this.writeError(error);
    if (first) await this.leave(EXIT.failed);
  }

  private async crashOfStray(thrown: unknown): Promise<void> {
    let error = thrown;
    try {
      error = (await import('./stray-error.js')).explainStrayError(thrown);
    } catch {
      // The installation is broken: the error is shown as it is.
    }
    await this.crash(error);
  }

  /**
   * Node ends a process with 0 if it waits for a promise that nothing can settle any more. A migration on an embedded database
   * that forgets to resolve leads to that; nothing of it is committed.
   */
  private async crashOfWaiting(): Promise<void> {
    if (this.state !== 'running') return;
    const { MigratorError } = await import('@flashfusion/migrator');
    const error = new MigratorError(
      'MIGRATION_FAILED',
      'The command waited for a promise that can never settle, of a migration or of the configuration.',
      { hint: 'Look at what was running last: every promise in it must be resolved or rejected.' },
    );
    await this.crash(error);
  }

  /** A second signal: the process ends, whatever is still running. The server rolls back what was not committed. */
  private async quit(signal: CancelSignal): Promise<void> {
    const exitCode = exitCodeOfSignal(signal, EXIT.failed);
    if (this.state === 'running' && this.format === 'json' && !this.output.answered) {
      this.state = 'leaving';
      const { MigratorError } = await import('@flashfusion/migrator');
      const message = `A second ${signal} ended the command before the first one had taken effect.`;
      const hint =
        'Check with status, on the same target, what was applied before you run the command again.';
      await this.writeError(new MigratorError('CANCELLED', message, { hint }));
    }
    await this.output.finish(QUIT_MS);
    exit(exitCode);
  }

  /**
   * Code that the command has loaded must not end it half way, and never with 0. The engine explains the calls that it can
   * attribute to a migration or a configuration; this is for timers and event handlers.
   */
  private refuseExit(code: unknown): never {
    if (this.state !== 'running') return undefined as never;
    const { MigratorError } =
      require('@flashfusion/migrator') as typeof import('@flashfusion/migrator');
    const called = `process.exit(${typeof code === 'number' ? code : ''}) was called.`;
    const hint = 'Throw an error in place of ending the process.';
    throw new MigratorError('PROCESS_EXIT', called, { hint });
  }

  /** The one JSON document, unless there is one already; else text on standard error. */
  private async writeError(error: unknown): Promise<void> {
    const json = this.format === 'json' && !this.output.answered ? true : undefined;
    const verbose = this.args.includes('--verbose') ? true : undefined;
    const outcome = { parts: [], error, exitCode: EXIT.failed };
    try {
      const { writeOutcome } = await import('./output.js');
      writeOutcome(outcome, { json, verbose }, this.surroundings);
    } catch (failure) {
      // The installation is broken.
      const text = `${String(error)}; ${String(failure)}`;
      const document = { error: { code: 'UNEXPECTED', message: text, problems: [] } };
      if (json) this.output.result.write(`${JSON.stringify(document)}\n`);
      else process.stderr.write(`${text}\n`);
    }
  }

  /** Ends the process once everything is written, also when a migration left a timer or a connection behind. */
  private async leave(exitCode: ExitCode): Promise<void> {
    if (this.state === 'leaving') return;
    this.state = 'leaving';
    const { signal, received } = this.cancellation;
    // A signal that arrives from now on ends the wait for a slow reader.
    const wait = signal.aborted ? undefined : signal;
    const delivery = await this.output.finish(patienceFor(process.stderr), wait);
    const loss = seriousLoss(delivery, this.format);
    if (loss !== undefined) {
      const { MigratorError } = await import('@flashfusion/migrator');
      const { message, hint } = explainLoss(loss, exitCode === EXIT.done ? 'succeeded' : 'failed');
      await this.writeError(new MigratorError('OUTPUT_FAILED', message, { hint }));
      await this.output.finish(QUIT_MS);
    }
    const code = loss !== undefined && exitCode === EXIT.done ? EXIT.failed : exitCode;
    const last = received ?? this.cancellation.received;
    exit(last === undefined ? code : exitCodeOfSignal(last, code));
  }
}

/**
 * Whether the engine attributes the error to a migration that runs, which it then fails and records. Asked by a mark of its
 * listener, so that the engine is not loaded for it.
 */
function isLeftToEngine(): boolean {
  const mark = Symbol.for('flashfusion.strayErrors');
  return process.listeners('uncaughtException').some((listener) => mark in listener);
}

void new Main(process.argv.slice(2)).run();
