import type { Command } from 'commander';
import type { BaselineFlags } from './commands/baseline';
import type { GenerateFlags } from './commands/generate';
import type { MigrateFlags } from './commands/migrate';
import type { RepairFlags } from './commands/repair';
import type { ReportFlags } from './commands/report';
import type { RollbackFlags } from './commands/rollback';
import type { StatusFlags } from './commands/status';
import { examples, EXIT_CODES_HELP } from './help';
import type { Outcome } from './outcome';
import type { Runtime } from './runtime';
import type { CommonOptions } from './surroundings';

/** Runs what an action of the command line amounts to. */
export type Run = (
  common: CommonOptions,
  command: (runtime: Runtime) => Promise<Outcome>,
) => Promise<void>;

/**
 * Adds `db` and its commands. The module of a command, and with it the engine, is loaded by its action: help and usage
 * errors cost no more than the parser.
 */
export function defineCommandLine(program: Command, run: Run): void {
  const db = program
    .command('db')
    .summary('database migrations')
    .helpCommand(false)
    .description(
      'Database migrations of the project in this folder, or of the one named by --project.',
    )
    .addHelpText('after', EXIT_CODES_HELP);
  defineMigrate(db, run);
  defineStatus(db, run);
  defineRollback(db, run);
  defineGenerate(db, run);
  defineBaseline(db, run);
  defineRepair(db, run);
  defineReport(db, run);
}

function defineMigrate(db: Command, run: Run): void {
  const command = db
    .command('migrate')
    .summary('apply what is pending')
    .description(
      'Applies pending migrations in dependency order, each in a transaction of its own.',
    )
    .option('--dry-run', 'print the plan and touch nothing')
    .option('--to <version>', 'the last version to apply, with all before it in the planned order')
    .option('--single-transaction', 'apply all of them in one transaction, or none')
    .option(
      '--allow-out-of-order',
      'also apply migrations that come before an applied one in the planned order',
    )
    .option('--only-failed', 'only databases and tenants that an earlier run failed on')
    .option('--with-dependencies', 'apply what it needs of other projects first')
    .option('--concurrency <n>', 'how many tenants at once; default 4')
    .option('--canary <tenant>', 'the tenant that goes first and alone; default the first')
    .option('--stop-after <n>', 'begin no further tenant after so many failures; default 1');
  withEnvironment(withLimits(command))
    .addHelpText('after', examples('migrate'))
    .action((flags: MigrateFlags & CommonOptions) =>
      run(flags, async (runtime) => {
        const { migrate } = await import('./commands/migrate.js');
        return migrate(flags, runtime);
      }),
    );
}

function defineStatus(db: Command, run: Run): void {
  const command = db
    .command('status')
    .summary('show what is applied, pending, failed and drifted')
    .description('Shows every migration of the project and the latest runs. Changes nothing.')
    .option(
      '--check',
      'exit with 5 when anything is pending, failed, drifted or damaged; verifies the history',
    )
    .option('--recent <n>', 'how many of the latest runs to show')
    .option(
      '--report <path>',
      'with --check: compare the history with this report of earlier runs, or a folder of them; repeatable',
      collect,
    );
  withEnvironment(command)
    .addHelpText('after', examples('status'))
    .action((flags: StatusFlags & CommonOptions) =>
      run(flags, async (runtime) => {
        const { status } = await import('./commands/status.js');
        return status(flags, runtime);
      }),
    );
}

function defineRollback(db: Command, run: Run): void {
  const command = db
    .command('rollback')
    .summary('revert applied migrations')
    .description(
      'Reverts applied migrations, newest first, each with the rollback data stored when it was applied.',
    )
    .argument('[name-or-version]', 'the one migration to revert')
    .option(
      '--to <version>',
      'revert everything after this version in the planned order; the version itself stays',
    )
    .option('--last [n]', 'revert the newest one, or the newest n')
    .option('--dry-run', 'print the plan and touch nothing')
    .option('--confirm <environment>', CONFIRM);
  withEnvironment(withLimits(command))
    .addHelpText('after', examples('rollback'))
    .action((nameOrVersion: string | undefined, flags: RollbackFlags & CommonOptions) =>
      run(flags, async (runtime) => {
        const { rollback } = await import('./commands/rollback.js');
        return rollback(nameOrVersion, flags, runtime);
      }),
    );
}

function defineGenerate(db: Command, run: Run): void {
  const command = db
    .command('generate')
    .summary('write a new migration')
    .description('Writes a new typed migration into the project. Needs no database.')
    .argument('<name>', 'what it does, in snake_case, e.g. add_teams')
    .argument('[description]', 'the same in a sentence')
    .option('--dependencies <list>', 'names, versions or project:name, with commas between them');
  withProject(command)
    .addHelpText('after', examples('generate'))
    .action((name: string, description: string | undefined, flags: GenerateFlags & CommonOptions) =>
      run(flags, async (runtime) => {
        const { generate } = await import('./commands/generate.js');
        return generate(name, description, flags, runtime);
      }),
    );
}

function defineBaseline(db: Command, run: Run): void {
  const command = db
    .command('baseline')
    .summary('adopt a database that already has the tables')
    .description(
      'Marks migrations as applied without running them. Refused when the project has a history already.',
    )
    .requiredOption(
      '--to <version>',
      'the last version that the database has, with all before it in the planned order',
    )
    .option('--dry-run', 'print what would be marked and touch nothing')
    .option('--confirm <environment>', CONFIRM)
    .option('--lock-wait <duration>', LOCK_WAIT);
  withEnvironment(command)
    .addHelpText('after', examples('baseline'))
    .action((flags: BaselineFlags & CommonOptions) =>
      run(flags, async (runtime) => {
        const { baseline } = await import('./commands/baseline.js');
        return baseline(flags, runtime);
      }),
    );
}

function defineRepair(db: Command, run: Run): void {
  const command = db
    .command('repair')
    .summary('mend drift, interrupted and failed migrations')
    .description(
      'Shows what needs repair and how. Does it only with --yes, or when the step itself is named. Every step is a history row.',
    )
    .argument('[name-or-version]', 'only this migration')
    .option('--resume', 'go on with an interrupted migration behind its last finished statement')
    .option('--mark-applied', 'its changes are there: record it as applied')
    .option('--mark-retired', 'its file is gone and its change stays: record it as retired')
    .option('--mark-reverted', 'its changes are gone: record it as reverted')
    .option('--accept-checksum', 'its file was changed on purpose: record the new checksum')
    .option(
      '--adopt-environment <name>',
      'the database is a restored copy of this environment: use it as the one of --env',
    )
    .option('--yes', 'do what was shown')
    .option('--dry-run', 'only show what would be done')
    .option('--confirm <environment>', CONFIRM);
  withEnvironment(withLimits(command))
    .addHelpText('after', examples('repair'))
    .action((nameOrVersion: string | undefined, flags: RepairFlags & CommonOptions) =>
      run(flags, async (runtime) => {
        const { repair } = await import('./commands/repair.js');
        return repair(nameOrVersion, flags, runtime);
      }),
    );
}

function defineReport(db: Command, run: Run): void {
  db.command('report')
    .summary('fold the JSON results of several runs into one')
    .description('Folds what `--json` printed for several projects into one summary in Markdown.')
    .argument('<paths...>', 'JSON files with results, or folders of them')
    .option(
      '--ci-run <run>',
      'count the reports of this CI run (its address), e.g. in a workflow that reports for another one',
    )
    .option('--json', 'print one JSON document instead of Markdown')
    .option('--verbose', 'print causes and stacks of errors')
    .addHelpText('after', examples('report'))
    .action((paths: string[], flags: ReportFlags & CommonOptions) =>
      run(flags, async (runtime) => {
        const { report } = await import('./commands/report.js');
        return report(paths, flags, runtime);
      }),
    );
}

const CONFIRM = 'the environment’s name, which a protected database requires';

const LOCK_WAIT = 'how long to wait for another runner of this project, e.g. 30s; 0 fails at once';

/** The values of an option that may be repeated. */
function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

/** The options of every command, last in its help. */
function withProject(command: Command): Command {
  return command
    .option('--project <name>', 'the project, when outside of its folder')
    .option('--json', 'print one JSON document')
    .option('--verbose', 'print causes and stacks of errors, and debug lines of migrations');
}

function withEnvironment(command: Command): Command {
  return withProject(
    command
      .option('--env <environment>', 'the environment; else NODE_ENV, else development')
      .option(
        '--database <names>',
        'only these of the environment’s databases: a list or pattern; repeatable',
        collect,
      )
      .option(
        '--tenant <names>',
        'only these of the environment’s tenants: a list or pattern; repeatable',
        collect,
      ),
  );
}

function withLimits(command: Command): Command {
  return command
    .option('--lock-wait <duration>', LOCK_WAIT)
    .option('--lock-timeout <duration>', 'how long a statement may wait for a lock, e.g. 5s')
    .option('--statement-timeout <duration>', 'how long a statement may run, e.g. 10m');
}
