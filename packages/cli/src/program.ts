import { Command, CommanderError } from 'commander';
import { defineCommandLine, type Run } from './command-line';
import { EXIT, type ExitCode } from './exit-code';
import { ROOT_EXAMPLES } from './help';
import { asksForJson, type Surroundings } from './surroundings';
import { safeUsageError } from './usage-error';
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
  const json = asksForJson(args);
  const { stdout, stderr } = surroundings;
  let printed = '';
  const collected = { write: (text: string) => (printed += text) };
  const program = createProgram(
    { stdout: json ? collected : stdout, stderr },
    json ? 'json' : 'text',
    async (common, command) => {
      // Loaded now and not before: `ff --help` needs nothing of the engine.
      const { runCommand } = await import('./run-command.js');
      exitCode = await runCommand(command, common, surroundings);
    },
    args,
  );
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (json) stdout.write(`${JSON.stringify(documentOf(error, printed, args), null, 2)}\n`);
    return error.exitCode === 0 ? EXIT.done : EXIT.refused;
  }
}

/** The whole command line, without running anything. */
export function createProgram(
  { stdout, stderr }: Pick<Surroundings, 'stdout' | 'stderr'>,
  errors: 'text' | 'json',
  run: Run,
  args: readonly string[] = [],
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
        if (errors === 'text') write(safeUsageError(text, args));
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

/** What the parser printed or refused, for a program that reads JSON. */
function documentOf(error: CommanderError, printed: string, args: readonly string[]): object {
  if (error.code === 'commander.version') return { version: printed.trim() };
  if (error.exitCode === 0) return { help: printed.trim() };
  const message = safeUsageError(error.message, args).replace(/^error: /, '');
  const problem = { code: 'INVALID_ARGUMENT', message };
  return { error: { ...problem, problems: [problem] } };
}
