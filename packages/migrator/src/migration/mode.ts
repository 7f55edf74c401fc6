import type { Migration, MigrationMode } from './types';

/** How a migration runs when it is applied or reverted. */
export function modeOf(
  { mode, downMode }: Pick<Migration, 'mode' | 'downMode'>,
  action: 'apply' | 'revert',
): MigrationMode {
  return action === 'apply' ? mode : downMode;
}
