import type { Problem } from '../errors';
import type { HistoryEntry } from '../history/entry';
import { migrationId } from '../migration/id';
import type { MigrationFile, MigrationId } from '../migration/types';
import { byVersion } from './by-version';
import type { RepairAction } from './commands';
import { fileDrift } from './check-files';
import { findMigration, knownMigrations, type KnownMigration } from './find-migration';
import { effectiveState } from './effective-state';
import type { Planned } from './types';

export type { RepairAction } from './commands';

/** What {@link planRepair} decides from. */
export interface PlanRepairOptions {
  readonly project: string;
  readonly environment?: string;
  readonly databaseName?: string | undefined;
  readonly tenant?: string | undefined;
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
  /** With `choose`: the ways that fit. Empty otherwise. */
  readonly choices: readonly RepairAction[];
  /** What is wrong, and what the step says or does. */
  readonly why: string;
  readonly entry: HistoryEntry | undefined;
  readonly file: MigrationFile | undefined;
}

/**
 * Decides how the history is corrected. A changed file has one honest answer, which is proposed: accept its checksum.
 * Everything else needs an explicit action for a migration given by name: no repair guesses what became of a migration whose
 * file is gone.
 *
 * Problems: `UNKNOWN_MIGRATION`, `AMBIGUOUS_MIGRATION`, `NOTHING_TO_REPAIR`, `FILE_MISSING`, `INVALID_ARGUMENT` for an action
 * that does not fit the migration's state.
 */
export function planRepair(options: PlanRepairOptions): Planned<readonly RepairStep[]> {
  const { project, files, entries, migration, action } = options;
  const known = [...knownMigrations(project, files, entries), ...lostMigrations(options)];
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
  const found = findMigration(migration, options, known);
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

/** Migrations that only damage still tells of: all their rows were deleted, and no file is there. */
function lostMigrations({ project, files, entries, damage }: PlanRepairOptions): KnownMigration[] {
  const known = new Set<string>([...entries, ...files].map(({ id }) => id));
  const lost = damage.flatMap(({ where = '' }) =>
    where.startsWith(`${project}:`) && !known.has(where) ? where.slice(project.length + 1) : [],
  );
  return lost.map((version) => ({ id: migrationId(project, version), version, name: '' }));
}

/** What a person chooses from where the history cannot tell what became of a migration. */
const SETTLE: readonly RepairAction[] = ['resume', 'mark-applied', 'mark-reverted'];
/** The same for one whose file is gone. */
const WITHOUT_FILE: readonly RepairAction[] = ['mark-retired', 'mark-reverted'];
const BRING_BACK = 'If the file is on another branch, bring it back.';

/** What corrects the history of the migration, if anything is wrong with it. */
function proposal(options: PlanRepairOptions, id: MigrationId): RepairStep | undefined {
  const { entry, file } = factsOf(options, id);
  const damage = options.damage.find(({ where }) => where === id);
  const ways = file === undefined ? WITHOUT_FILE : SETTLE;
  if (damage) {
    const fit = entry === undefined ? ways.filter((way) => way !== 'resume') : ways;
    return { ...step(subjectOf(options, id), file, 'choose', damage.message, entry), choices: fit };
  }
  if (entry === undefined) return undefined;
  if (effectiveState(entry) === 'interrupted') {
    const why =
      'It was interrupted while running without a transaction: a part of it may be there.';
    return choice(entry, file, ways, file === undefined ? `${why} ${BRING_BACK}` : why);
  }
  if (entry.state === 'failed' && file === undefined) {
    const why = 'It failed, and its file is gone. If nothing of it is there, mark it as reverted.';
    return choice(entry, file, ['mark-reverted'], `${why} ${BRING_BACK}`);
  }
  if (effectiveState(entry) !== 'applied') return undefined;
  switch (fileDrift(entry, file)) {
    case 'none':
      return undefined;
    case 'fileMissing':
      return choice(
        entry,
        file,
        WITHOUT_FILE,
        `It is applied, but its file is gone. ${BRING_BACK} If its change stays, mark it as retired; if its change was undone by hand, mark it as reverted.`,
      );
    case 'checksumMismatch':
    case 'unknownAlgorithm':
      return step(
        entry,
        file,
        'accept-checksum',
        'Its file changed after it was applied: its new checksum is recorded. Nothing is run.',
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
  const subject = subjectOf(options, id);
  const unfit = (why: string) =>
    refuse(
      'INVALID_ARGUMENT',
      `--${action} does not fit ${id}: it is ${state}. ${why}`,
      'Run status to see what each migration needs.',
    );
  switch (action) {
    case 'resume':
      if (entry === undefined || effectiveState(entry) !== 'interrupted')
        return unfit('Only an interrupted migration can be resumed.');
      if (file === undefined)
        return refuse(
          'FILE_MISSING',
          `${id} cannot be resumed: its file is gone.`,
          'Bring the file back from version control.',
        );
      return ok(step(subject, file, action, resumeWhy(entry), entry));
    case 'accept-checksum':
      if (entry === undefined || effectiveState(entry) !== 'applied')
        return unfit('Only an applied migration has a checksum to compare.');
      if (file === undefined)
        return refuse(
          'FILE_MISSING',
          `${id} has no file whose checksum could be accepted.`,
          'Bring the file back. If it was removed on purpose: --mark-retired if its change stays, --mark-reverted if it was undone by hand.',
        );
      return ok(
        step(
          subject,
          file,
          action,
          'The checksum of its file as it is now is recorded. Nothing is run.',
          entry,
        ),
      );
    case 'mark-applied':
      if (effectiveState(entry) === 'applied' && !isDamaged(options, id))
        return unfit('There is nothing to mark.');
      if (file === undefined)
        return refuse(
          'FILE_MISSING',
          `${id} cannot be marked as applied: its file is gone.`,
          entry === undefined || effectiveState(entry) === 'pending'
            ? 'Bring the file back from version control.'
            : 'Bring the file back from version control; or use --mark-retired, if its whole change is in the database.',
        );
      return ok(
        step(
          subject,
          file,
          action,
          'It counts as applied. Nothing is run: its changes must be in the database already.',
          entry,
        ),
      );
    case 'mark-retired':
      if (file !== undefined)
        return unfit(
          `Its file is there: ${file.path}. Only a migration without a file can be retired.`,
        );
      if ((entry === undefined || entry.state === 'retired') && !isDamaged(options, id))
        return unfit('There is nothing to mark.');
      if (effectiveState(entry) === 'pending' && !isDamaged(options, id))
        return unfit('Only a migration whose change is in the database can be retired.');
      return ok(
        step(
          subject,
          file,
          action,
          'It counts as applied, without a file. Nothing is run: its change stays in the database.',
          entry,
        ),
      );
    case 'mark-reverted':
      if ((entry === undefined || entry.state === 'reverted') && !isDamaged(options, id))
        return unfit('There is nothing to mark.');
      return ok(
        step(
          subject,
          file,
          action,
          'It counts as reverted, and so as pending. Nothing is run: its changes must be gone from the database already.',
          entry,
        ),
      );
  }
}

function resumeWhy(entry: HistoryEntry): string {
  const verb = entry.action === 'revert' ? 'down' : 'up';
  const behind =
    entry.finishedStatements > 0
      ? `; statements of db.script() that had finished (${entry.finishedStatements}) are compared and skipped`
      : '';
  return `Its ${verb} runs again${behind}.`;
}

function factsOf({ files, entries }: PlanRepairOptions, id: MigrationId) {
  return {
    entry: entries.find((candidate) => candidate.id === id),
    file: files.find((candidate) => candidate.id === id),
  };
}

/** Version and name of a migration that is known by its entry, by its file, or by damage alone. */
function subjectOf(options: PlanRepairOptions, id: MigrationId): KnownMigration {
  const { entry, file } = factsOf(options, id);
  return entry ?? file ?? { id, version: id.slice(options.project.length + 1), name: '' };
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
  return { id, version, name, action, choices: [], why, entry, file };
}

function choice(
  entry: HistoryEntry,
  file: MigrationFile | undefined,
  choices: readonly RepairAction[],
  why: string,
): RepairStep {
  return { ...step(entry, file, 'choose', why, entry), choices };
}

function ok(only: RepairStep): Planned<readonly RepairStep[]> {
  return { ok: true, plan: [only] };
}

function refuse(code: Problem['code'], message: string, hint: string) {
  return { ok: false as const, problems: [{ code, message, hint }] };
}
