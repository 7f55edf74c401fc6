import { Command, CommanderError } from 'commander';
import { defineCommandLine, type Run } from './command-line';
import { EXIT, type ExitCode } from './exit-code';
import { ROOT_EXAMPLES } from './help';
import type { Surroundings } from './surroundings';
import { readVersion } from './version';

/**
 * Parses a command line and runs what it says. Failures become exit codes; exits nothing itself.
 *
 * @param args what follows `ff`
 * @returns the exit code of the process
 */
export async function runProgram(
  args: readonly string[],
  surroundings: Surroundings,
): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.done;
  const program = createProgram(
    surroundings,
    args.includes('--json') ? 'json' : 'text',
    async (common, command) => {
      // Loaded now and not before: `ff --help` needs nothing of the engine.
      const { runCommand } = await import('./run-command.js');
      exitCode = await runCommand(command, common, surroundings);
    },
  );
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return EXIT.done;
    if (args.includes('--json')) writeUsageError(error, surroundings);
    return EXIT.refused;
  }
}

/** The whole command line, without running anything. */
export function createProgram(
  { stdout, stderr }: Pick<Surroundings, 'stdout' | 'stderr'>,
  errors: 'text' | 'json',
  run: Run,
): Command {
  const program = new Command('ff')
    .description('FlashFusion from the command line.')
    .version(readVersion(), '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      outputError: (text, write) => {
        if (errors === 'text') write(text);
      },
    })
    .addHelpText('after', ROOT_EXAMPLES)
    .exitOverride();
  defineCommandLine(program, run);
  if (errors === 'text') pointToHelp(program);
  return program;
}

/** A usage error ends with where to read on, rather than with a screen of help. */
function pointToHelp(command: Command): void {
  command.showHelpAfterError(`Run \`${nameOf(command)} --help\` for what it takes.`);
  command.commands.forEach(pointToHelp);
}

function nameOf(command: Command): string {
  return command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;
}

function writeUsageError(error: CommanderError, { stdout }: Surroundings): void {
  const message = error.message.replace(/^error: /, '');
  const problem = { code: 'INVALID_ARGUMENT', message };
  stdout.write(`${JSON.stringify({ error: { ...problem, problems: [problem] } }, null, 2)}\n`);
}
