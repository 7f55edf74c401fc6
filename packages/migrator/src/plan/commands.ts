import { currentFrontEnd } from '../front-end';
import { remedyLine, renderOption, renderRemedy, type RemedyValue } from '../remedy';
import { targetOf, type Target } from '../target';

/**
 * A way to correct the history of one migration. `resume` is a run; each of the others is one audited row. `mark-retired`:
 * the file is gone, the change stays.
 */
export type RepairAction =
  'resume' | 'mark-applied' | 'mark-retired' | 'mark-reverted' | 'accept-checksum';

/** How to apply a project's migrations, as text for a hint. */
export function migrateCommands(target: Target): string {
  return renderRemedy({ command: 'migrate', target: targetOf(target) });
}

/** How to apply a project's migrations with what they need of other projects, as text for a hint. */
export function migrateWithDependenciesCommand(target: Target): string {
  const options = { 'with-dependencies': true } as const;
  return `\`${remedyLine({ command: 'migrate', target: targetOf(target), options })}\``;
}

/** The option that also applies what is needed of other projects. */
export function withDependenciesOption(): string {
  const option = renderOption('with-dependencies');
  return currentFrontEnd().kind === 'program' ? `${option} (Nx: --withDependencies)` : option;
}

/** How to revert one migration, as text for a hint. */
export function rollbackCommands(target: Target, version: RemedyValue): string {
  return renderRemedy({ command: 'rollback', target: targetOf(target), migration: version });
}

/** How to look at a project's migrations, as text for a hint. */
export function statusCommands(target: Target): string {
  return renderRemedy({ command: 'status', target: targetOf(target) });
}

/** A repair of one migration, as text for a hint. */
export function repairCommand(target: Target, version: RemedyValue, action: RepairAction): string {
  return `\`${repairLine(target, version, action)}\``;
}

/** A repair of one migration, for a line of its own. */
export function repairLine(target: Target, version: RemedyValue, action: RepairAction): string {
  return remedyLine({
    command: 'repair',
    target: targetOf(target),
    migration: version,
    options: { [action]: true },
  });
}
