import type { Problem } from '../errors';
import type { HistoryEntry } from '../history/entry';
import type { MigrationFile } from '../migration/types';
import { isUnversioned } from '../migration/unversioned';
import { repairCommand, rollbackCommands } from './commands';

/** Checksums that this version makes; rows of the original agent (`legacy`) used another recipe and are not compared. */
const COMPARED = 'sha256';
const NOT_COMPARED = 'legacy';

/** How an applied migration's file and its history row differ. */
export type FileDrift = 'none' | 'checksumMismatch' | 'fileMissing' | 'unknownAlgorithm';

/**
 * Compares what was applied with the file that is there now. Meant for entries whose changes are in the database. A retired
 * migration has no file on purpose; one whose file returned is compared like any other.
 */
export function fileDrift(entry: HistoryEntry, file: MigrationFile | undefined): FileDrift {
  if (file === undefined) return entry.state === 'retired' ? 'none' : 'fileMissing';
  if (entry.checksumAlgorithm === NOT_COMPARED) return 'none';
  if (entry.checksumAlgorithm !== COMPARED) return 'unknownAlgorithm';
  return entry.checksum === file.checksum ? 'none' : 'checksumMismatch';
}

/** What stands in the way of going on: a changed or vanished file of an applied migration. */
export function driftProblem(
  entry: HistoryEntry,
  file: MigrationFile | undefined,
): Problem | undefined {
  const drift = fileDrift(entry, file);
  const label = `${entry.id} (${entry.name})`;
  switch (drift) {
    case 'none':
      return undefined;
    case 'fileMissing':
      if (isUnversioned(entry.version)) return unversionedProblem(entry);
      return {
        code: 'FILE_MISSING',
        message: `${label} is applied, but its file is gone.`,
        hint:
          'Bring the file back from version control (another branch may have it). ' +
          `If it was removed on purpose and its change stays in the database: ${repairCommand(entry, entry.version, 'mark-retired')}. ` +
          `If its change was undone by hand: ${repairCommand(entry, entry.version, 'mark-reverted')}.`,
        where: entry.id,
      };
    case 'checksumMismatch':
      return {
        code: 'CHECKSUM_MISMATCH',
        message:
          `${label} was changed after it was applied: ` +
          `applied ${entry.checksum.slice(0, 12)}, file ${(file?.checksum ?? '').slice(0, 12)}.`,
        hint:
          'Undo the edit and put the change in a new migration; ' +
          `if the edit changes nothing in the database: ${repairCommand(entry, entry.version, 'accept-checksum')}.`,
        where: file?.path ?? entry.id,
      };
    case 'unknownAlgorithm':
      return {
        code: 'HISTORY_CORRUPT',
        message: `${label} was recorded with the unknown checksum algorithm “${entry.checksumAlgorithm}”.`,
        hint:
          'A newer version of the migrator may have written it: update. ' +
          `If none did, and the file is what was applied: ${repairCommand(entry, entry.version, 'accept-checksum')}.`,
        where: entry.id,
      };
  }
}

/** The original agent recorded no version, so no file can belong to it: only a person knows which migration it was. */
function unversionedProblem(entry: HistoryEntry): Problem {
  return {
    code: 'FILE_MISSING',
    message: `The original agent recorded “${entry.name}” as applied without a version. It is ${entry.id} here, and no file belongs to it.`,
    hint:
      `If one of the files is that migration, first: ${repairCommand(entry, { placeholder: 'its version' }, 'mark-applied')}. ` +
      `Then, if its change is in the database: ${repairCommand(entry, entry.version, 'mark-retired')}; ` +
      `if it is not: ${repairCommand(entry, entry.version, 'mark-reverted')}.`,
    where: entry.id,
  };
}

/** An applied or retired migration that has to be reverted, but has no file and so no `down`. */
export function noFileToRevert(entry: HistoryEntry): Problem {
  return {
    code: 'FILE_MISSING',
    message: `${entry.id} (${entry.name}) cannot be reverted: its file is gone, so there is no \`down\` to run.`,
    hint:
      `Bring the file back from version control, then run the rollback again. ` +
      `If you undo its change by hand: ${repairCommand(entry, entry.version, 'mark-reverted')}.`,
    where: entry.id,
  };
}

/**
 * A migration whose end is not recorded.
 *
 * @param file its file, if it is there: without one it can be neither resumed nor marked as applied
 */
export function interruptedProblem(entry: HistoryEntry, file: MigrationFile | undefined): Problem {
  const doing = entry.action === 'revert' ? 'revert' : 'apply';
  const what =
    entry.state === 'running'
      ? `was interrupted: its ${doing} began at ${entry.executedAt} and never ended`
      : `is half reverted: its revert failed at ${entry.executedAt}`;
  const ways = [
    ...(file === undefined
      ? [repairCommand(entry, entry.version, 'mark-retired')]
      : [
          entry.state === 'running'
            ? repairCommand(entry, entry.version, 'resume')
            : rollbackCommands(entry, entry.version),
          repairCommand(entry, entry.version, 'mark-applied'),
        ]),
    repairCommand(entry, entry.version, 'mark-reverted'),
  ];
  const gone = file === undefined ? ' Its file is gone: bring it back to continue with it.' : '';
  return {
    code: 'INTERRUPTED',
    message: `${entry.id} (${entry.name}) ${what}; it runs without a transaction, so a part of it may be there.${gone}`,
    hint: `Look at the database, then choose: ${ways.join(', ')}.`,
    where: entry.id,
  };
}
