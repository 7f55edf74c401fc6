import { MigratorError } from '../errors';
import { modeOf } from '../migration/mode';
import type { Migration } from '../migration/types';
import type { Plan } from './types';

/**
 * Whether a plan may be carried out in one transaction, to be asked before anything is touched.
 *
 * @throws {MigratorError} `TRANSACTION_REQUIRED` naming all migrations that cannot run inside one
 */
export function refuseWithoutTransaction(plan: Plan<Migration>): void {
  const problems = plan.steps
    .filter(({ migration }) => modeOf(migration, plan.action) === 'no-transaction')
    .map(({ migration }) => ({
      code: 'TRANSACTION_REQUIRED' as const,
      message: `${migration.id} ${migration.name} runs without a transaction (transaction: false) and cannot be part of a single transaction.`,
      hint: 'Migrate without --single-transaction.',
      where: migration.file.path,
    }));
  if (problems.length > 0) throw MigratorError.fromProblems(problems);
}
