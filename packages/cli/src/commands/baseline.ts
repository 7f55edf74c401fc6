import { MigratorError, type BaselineResult, type MigrationAgent } from '@flashfusion/migrator';
import { EXIT } from '../exit-code';
import { onEachDatabase, type Outcome } from '../outcome';
import { agentsOf, type DatabaseFlags, type Runtime } from '../runtime';

export interface BaselineFlags extends DatabaseFlags {
  readonly to: string;
  readonly dryRun?: true;
  readonly yes?: true;
}

/** `ff db baseline`: marks migrations as applied without running them, for a database that already has what they do. */
export async function baseline(flags: BaselineFlags, runtime: Runtime): Promise<Outcome> {
  const agents = await agentsOf(runtime, flags);
  if (!flags.dryRun && !flags.yes) for (const agent of agents) requireNoConfirmation(agent);
  return onEachDatabase(agents, async (agent) => {
    const result = await agent.baseline({ to: flags.to, mode: flags.dryRun ? 'dry-run' : 'run' });
    return {
      document: result,
      text: formatBaseline(result),
      exitCode: EXIT.done,
      effect: result.status === 'done' ? 'changed' : 'unchanged',
    };
  });
}

/** A baseline on a database that lacks the tables makes every later migration fail: not by a slip of the hand. */
function requireNoConfirmation({ settings }: MigrationAgent): void {
  if (!settings.protected) return;
  throw new MigratorError(
    'CONFIRMATION_REQUIRED',
    `${settings.environment} is a protected environment: its migrations are not marked as applied without --yes.`,
    { where: settings.project, hint: 'Look at it with --dry-run, then add --yes.' },
  );
}

function formatBaseline({ project, environment, status, marked }: BaselineResult): string {
  const head =
    status === 'planned'
      ? `Would mark ${count(marked)} of ${project} as applied in ${environment}, without running them:`
      : `Marked ${count(marked)} of ${project} as applied in ${environment}, without running them:`;
  return [head, ...marked.map(({ id, name }) => `  ${id} ${name}`)].join('\n');
}

function count(marked: BaselineResult['marked']): string {
  return marked.length === 1 ? '1 migration' : `${marked.length} migrations`;
}
