import { mergeRollbackData } from '../migration/merge-rollback-data';
import type { HistoryEntry } from '../history/entry';
import type { UnfinishedAttempts } from '../history/unfinished';
import type { Migration } from '../migration/types';
import type { RunScope } from './change';

/** What earlier attempts of a change have left: finished statements of scripts, and saved rollback data. */
export type EarlierAttempts = Omit<UnfinishedAttempts, 'lastAttempt'>;

/** The first attempt has nothing before it. */
export const NO_EARLIER_ATTEMPTS: EarlierAttempts = {
  statements: [],
  begun: [],
  finishedStatements: 0,
  rollbackData: undefined,
  ended: 'failed',
};

/**
 * Reads what earlier attempts have left, in one round trip; asks nothing where the latest row says that there is none.
 *
 * @param entry the migration's latest row
 */
export async function readEarlierAttempts(
  scope: RunScope,
  { project, version }: Pick<Migration, 'project' | 'version'>,
  action: 'apply' | 'revert',
  entry: Pick<HistoryEntry, 'state'> | undefined,
): Promise<EarlierAttempts> {
  if (entry?.state !== 'failed' && entry?.state !== 'running') return NO_EARLIER_ATTEMPTS;
  const { environment, connection } = scope;
  const history = scope.openHistory(connection.session);
  return history.unfinished({ environment, project, version, action });
}

/**
 * Rollback data of this attempt together with that of earlier ones, as JSON text.
 *
 * @throws {MigratorError} `ROLLBACK_DATA_CONFLICT`
 */
export function keepRollbackData(
  earlier: string | undefined,
  now: string | undefined,
): string | undefined {
  if (earlier === undefined || now === undefined) return now ?? earlier;
  return JSON.stringify(mergeRollbackData(JSON.parse(earlier), JSON.parse(now)));
}
