import { formatEvent, type RunEvent, type Style, type Target } from '@flashfusion/migrator';
import { exitCodeOfError, type ExitCode } from './exit-code';
import type { Outcome } from './outcome';
import { styleFor, visibleOn, writeOutcome } from './output';
import { createProgress, type Progress } from './progress';
import type { Runtime } from './runtime';
import { inCi, type CommonOptions, type Surroundings } from './surroundings';

/**
 * Runs one command with progress on standard error, and writes what came out of it. Never rejects.
 *
 * @returns the exit code of the process
 */
export async function runCommand(
  command: (runtime: Runtime) => Promise<Outcome>,
  common: CommonOptions,
  surroundings: Surroundings,
): Promise<ExitCode> {
  const { signal, stdout, stderr, env } = surroundings;
  const style = styleFor(stderr, env);
  const visible = visibleOn(stderr, env);
  const progress = createProgress({
    stream: stderr,
    kind: stderr.isTTY === true && !inCi(env) && !common.json ? 'line' : 'log',
    verbose: common.verbose === true,
    format: (event) => {
      const line = lineOf(event, style, common.verbose === true ? 'verbose' : 'short');
      return line === undefined ? undefined : visible(line);
    },
  });
  const announce = announceCancellation(progress, style);
  signal.addEventListener('abort', announce, { once: true });
  try {
    const { onEvent } = progress;
    const runtime = { surroundings, common, style: styleFor(stdout, env), onEvent };
    const outcome = await outcomeOf(command, runtime);
    progress.stop();
    writeOutcome(outcome, common, surroundings);
    return outcome.exitCode;
  } finally {
    signal.removeEventListener('abort', announce);
    progress.stop();
  }
}

/** An event as the engine tells it, in the colour of its weight. */
function lineOf(event: RunEvent, style: Style, detail: 'short' | 'verbose'): string | undefined {
  const line = formatEvent(event, { detail });
  if (line === undefined) return undefined;
  switch (event.type) {
    case 'connecting':
      return style.quiet(line);
    case 'migration-log':
      return event.level === 'debug' ? style.quiet(line) : line;
    case 'migration-message':
      return event.message.severity === 'WARNING' ? style.warning(line) : line;
    default:
      return line;
  }
}

async function outcomeOf(
  command: (runtime: Runtime) => Promise<Outcome>,
  runtime: Omit<Runtime, 'onTarget'>,
): Promise<Outcome> {
  let presume: (() => Promise<Target>) | undefined;
  try {
    return await command({ ...runtime, onTarget: (given) => (presume = given) });
  } catch (error) {
    // A folder whose name cannot be read must not hide the error.
    const presumed = await presume?.().catch(() => undefined);
    return { parts: [], error, presumed, exitCode: exitCodeOfError(error) };
  }
}

function announceCancellation(progress: Progress, style: Style): () => void {
  return () =>
    progress.say(
      style.warning(
        'Cancelling: what is running is rolled back. Press Ctrl-C again to quit at once.',
      ),
    );
}
