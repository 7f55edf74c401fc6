import type { Problem } from '../errors';
import type { HistoryEntry } from '../history/entry';
import type { MigrationFile, MigrationId } from '../migration/types';
import { byVersion } from './by-version';
import { fileDrift } from './check-files';
import { findMigration, knownMigrations } from './find-migration';
import { standing } from './read-history';
import type { Planned } from './types';

/** A way to mend the history of one migration. Each is one audited row, `resume` a run. */
export type RepairAction = 'resume' | 'mark-applied' | 'mark-reverted' | 'accept-checksum';

/** What {@link planRepair} decides from. */
export interface PlanRepairOptions {
  readonly project: string;
  readonly files: readonly MigrationFile[];
  /** Latest history rows of the environment. */
  readonly entries: readonly HistoryEntry[];
  /** What is damaged in the history itself, by identity (`where` of the problems found while reading it). */
  readonly damage: readonly Problem[];
  /** Name or version; all of the project that needs it when absent. */
  readonly migration: string | undefined;
  readonly action: RepairAction | undefined;
}

/** One migration to repair. */
export interface RepairStep {
  readonly id: MigrationId;
  readonly version: string;
  readonly name: string;
  /** `choose`: only a person can say which of the ways is right. */
  readonly action: RepairAction | 'choose';
  /** What is wrong, and what the step says or does. */
  readonly why: string;
  readonly entry: HistoryEntry | undefined;
  readonly file: MigrationFile | undefined;
}

/**
 * Decides how the history is mended. What has one honest answer is proposed (a changed file: accept its checksum; a
 * vanished one, applied or failed: mark it as reverted); what has several wants an explicit action.
 *
 * Problems: `UNKNOWN_MIGRATION`, `AMBIGUOUS_MIGRATION`, `NOTHING_TO_REPAIR`, `FILE_MISSING`, `INVALID_ARGUMENT` for an action
 * that does not fit the migration's state.
 */
export function planRepair(options: PlanRepairOptions): Planned<readonly RepairStep[]> {
  const { project, files, entries, migration, action } = options;
  const known = knownMigrations(project, files, entries);
  if (migration === undefined) {
    if (action !== undefined)
      return refuse(
        'INVALID_ARGUMENT',
        `--${action} needs a migration.`,
        'Give its name or version.',
      );
    const steps = [...known].sort(byVersion).flatMap(({ id }) => proposal(options, id) ?? []);
    return { ok: true, plan: steps };
  }
  const found = findMigration(migration, project, known);
  if (!found.ok) return { ok: false, problems: [found.problem] };
  const { id } = found.migration;
  if (action !== undefined) return demanded(options, id, action);
  const step = proposal(options, id);
  if (step) return { ok: true, plan: [step] };
  return refuse(
    'NOTHING_TO_REPAIR',
    `${id} (${found.migration.name}) needs no repair.`,
    'To say otherwise, give the exact action, e.g. --mark-reverted.',
  );
}

/** What would mend the migration, where something is wrong with it. */
function proposal(options: PlanRepairOptions, id: MigrationId): RepairStep | undefined {
  const { entry, file } = factsOf(options, id);
  if (entry === undefined) return undefined;
  const damage = options.damage.find(({ where }) => where === id);
  if (damage) return step(entry, file, 'choose', damage.message, entry);
  if (standing(entry) === 'interrupted') {
    return step(
      entry,
      file,
      'choose',
      'It was interrupted while running without a transaction: a part of it may be there.',
      entry,
    );
  }
  if (entry.state === 'failed' && file === undefined) {
    return step(
      entry,
      file,
      'mark-reverted',
      'It failed, and its file is gone: it will count as reverted. Nothing is changed in the database.',
      entry,
    );
  }
  if (standing(entry) !== 'applied') return undefined;
  switch (fileDrift(entry, file)) {
    case 'none':
      return undefined;
    case 'fileMissing':
      return step(
        entry,
        file,
        'mark-reverted',
        'It is applied, but its file is gone: it will count as reverted. Nothing is changed in the database.',
        entry,
      );
    case 'checksumMismatch':
    case 'unknownAlgorithm':
      return step(
        entry,
        file,
        'accept-checksum',
        'Its file changed after it was applied: the new checksum will be recorded. Nothing is run.',
        entry,
      );
  }
}

function demanded(
  options: PlanRepairOptions,
  id: MigrationId,
  action: RepairAction,
): Planned<readonly RepairStep[]> {
  const { entry, file } = factsOf(options, id);
  const state = entry?.state ?? 'pending';
  const subject = entry ?? file;
  if (subject === undefined)
    return refuse('UNKNOWN_MIGRATION', `${id} is not known.`, 'Run status.');
  const unfit = (why: string) =>
    refuse(
      'INVALID_ARGUMENT',
      `--${action} does not fit ${id}: it is ${state}. ${why}`,
      'Run status to see what each migration needs.',
    );
  switch (action) {
    case 'resume':
      if (entry === undefined || standing(entry) !== 'interrupted')
        return unfit('Only an interrupted migration can be resumed.');
      if (file === undefined)
        return refuse(
          'FILE_MISSING',
          `${id} cannot be resumed: its file is gone.`,
          'Bring the file back from version control.',
        );
      return ok(step(subject, file, action, resumeWhy(entry), entry));
    case 'accept-checksum':
      if (entry?.state !== 'applied')
        return unfit('Only an applied migration has a checksum to compare.');
      if (file === undefined)
        return refuse(
          'FILE_MISSING',
          `${id} has no file whose checksum could be accepted.`,
          'Bring the file back, or use --mark-reverted.',
        );
      return ok(
        step(
          subject,
          file,
          action,
          'The checksum of its file as it is now will be recorded. Nothing is run.',
          entry,
        ),
      );
    case 'mark-applied':
      if (entry?.state === 'applied' && !isDamaged(options, id))
        return unfit('There is nothing to mark.');
      if (file === undefined)
        return refuse(
          'FILE_MISSING',
          `${id} cannot be marked as applied: its file is gone.`,
          'Bring the file back from version control.',
        );
      return ok(
        step(
          subject,
          file,
          action,
          'It will count as applied. Nothing is run: its changes must be in the database already.',
          entry,
        ),
      );
    case 'mark-reverted':
      if (entry === undefined || (entry.state === 'reverted' && !isDamaged(options, id)))
        return unfit('There is nothing to mark.');
      return ok(
        step(
          subject,
          file,
          action,
          'It will count as reverted, and so as pending. Nothing is run: its changes must be gone from the database already.',
          entry,
        ),
      );
  }
}

function resumeWhy(entry: HistoryEntry): string {
  const verb = entry.action === 'revert' ? 'down' : 'up';
  const behind =
    entry.finishedStatements > 0
      ? `, behind the ${entry.finishedStatements} statements of db.script that had finished`
      : '';
  return `Its ${verb} will run again${behind}.`;
}

function factsOf({ files, entries }: PlanRepairOptions, id: MigrationId) {
  return {
    entry: entries.find((candidate) => candidate.id === id),
    file: files.find((candidate) => candidate.id === id),
  };
}

function isDamaged({ damage }: PlanRepairOptions, id: MigrationId): boolean {
  return damage.some(({ where }) => where === id);
}

function step(
  { id, version, name }: Pick<HistoryEntry, 'id' | 'version' | 'name'>,
  file: MigrationFile | undefined,
  action: RepairStep['action'],
  why: string,
  entry: HistoryEntry | undefined,
): RepairStep {
  return { id, version, name, action, why, entry, file };
}

function ok(only: RepairStep): Planned<readonly RepairStep[]> {
  return { ok: true, plan: [only] };
}

function refuse(code: Problem['code'], message: string, hint: string) {
  return { ok: false as const, problems: [{ code, message, hint }] };
}
