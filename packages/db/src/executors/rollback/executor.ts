import {
  formatRunResult,
  MigratorError,
  type MigrationAgent,
  type RunResult,
} from '@flashfusion/migrator';
import type { PromiseExecutor } from '@nx/devkit';
import { refuseTenants } from '../shared/refuse-tenants';
import { durationsOf, runTask } from '../shared/run-task';
import { versionText } from '../shared/version-option';
import { reportTo } from '../shared/write-report';
import type { RollbackExecutorSchema } from './schema';

type Selection = Parameters<MigrationAgent['rollback']>[0]['selection'];

/** Reverts migrations of a project with their stored rollback data. */
const rollbackExecutor: PromiseExecutor<RollbackExecutorSchema> = (options, context) =>
  runTask<RunResult>({
    options,
    context,
    overrides: durationsOf(options),
    run: async (agent) => {
      refuseTenants(agent, 'rollback');
      return agent.rollback({
        selection: selectionOf(options, agent.settings.project),
        mode: options.dryRun === true ? 'dry-run' : 'run',
        confirm: options.confirm,
      });
    },
    format: (result, detail) => formatRunResult(result, { detail }),
    succeeded: (result) => result.status !== 'failed',
    afterFailure: 'stop',
    reporter: reportTo(options.reportFolder, context),
  });

function selectionOf({ name, to, last }: RollbackExecutorSchema, project: string): Selection {
  const text = (option: string, value: string | number) => versionText(option, value, project);
  const selections: Selection[] = [
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
      ? 'Nothing says what to revert.'
      : 'Only one of --name, --to and --last can be given.',
    { hint: 'Give --name=<name or version>, --to=<version> or --last=<count>.' },
  );
}

export default rollbackExecutor;
