import {
  formatRunResult,
  MigratorError,
  type RevertSelection,
  type RollbackOptions,
  type RunResult,
} from '@flashfusion/migrator';
import type { PromiseExecutor } from '@nx/devkit';
import { durationsOf, runTask } from '../shared/run-task';
import { nameText } from '../shared/options';
import { versionText } from '../shared/version-option';
import { reportTo } from '../shared/write-report';
import type { RollbackExecutorSchema } from './schema';

/** Reverts migrations of a project with their stored rollback data. */
const rollbackExecutor: PromiseExecutor<RollbackExecutorSchema> = (options, context) => {
  const { name, to, last, dryRun, confirm } = options;
  const optionsFor = (project: string, targets: number): RollbackOptions => ({
    selection: selectionOf(options, project),
    mode: dryRun === true ? 'dry-run' : 'run',
    confirm: nameText(confirm),
    notApplied: targets > 1 ? 'skip' : 'refuse',
  });
  return runTask<RunResult>({
    options,
    context,
    overrides: durationsOf(options),
    choice: {
      per: 'target',
      named: {
        command: 'rollback',
        ...(name === undefined ? {} : { migration: String(name) }),
        options: {
          ...(to === undefined ? {} : { to: String(to) }),
          ...(last === undefined ? {} : { last: String(last) }),
          ...(dryRun === true ? { 'dry-run': true } : {}),
        },
      },
    },
    check: ({ settings }) => ({ command: 'rollback', options: optionsFor(settings.project, 2) }),
    run: (agent, targets) => agent.rollback(optionsFor(agent.settings.project, targets)),
    format: (result, detail) => formatRunResult(result, { detail }),
    succeeded: (result) => result.status !== 'failed',
    keepGoing: 'until-failure',
    reporter: reportTo(options.reportFolder, context),
  });
};

function selectionOf({ name, to, last }: RollbackExecutorSchema, project: string): RevertSelection {
  const text = (option: string, value: string | number) => versionText(option, value, project);
  const selections: RevertSelection[] = [
    ...(name === undefined
      ? []
      : [{ kind: 'migration' as const, nameOrVersion: text('name', name) }]),
    ...(to === undefined ? [] : [{ kind: 'to' as const, version: text('to', to) }]),
    ...(last === undefined ? [] : [{ kind: 'last' as const, count: last }]),
  ];
  const [selection, ...more] = selections;
  if (selection !== undefined && more.length === 0) return selection;
  throw new MigratorError(
    'INVALID_ARGUMENT',
    selection === undefined
      ? 'The command does not say what to revert.'
      : 'The command says in more than one way what to revert.',
    { hint: 'Pass one of: --name=<name or version>, --to=<version> or --last=<count>.' },
  );
}

export default rollbackExecutor;
