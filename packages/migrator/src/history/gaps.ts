import type { Problem } from '../errors';
import { HIGHEST_ATTEMPT } from '../migration/attempt';
import { listFirst } from '../text/list-first';
import { damageHint } from './row';

/** A row of a migration whose attempts do not count up from 1. */
interface AttemptRow {
  readonly id: string;
  /** `null` where a hand removed it. */
  readonly attempt: number | null;
  readonly action: string | null;
}

/** All rows of one migration whose attempts do not count up from 1. */
export interface MigrationRows {
  readonly project: string;
  readonly version: string;
  /** In order of id. */
  readonly rows: readonly AttemptRow[];
}

/** How many rows and gaps a message names. */
const NAMED = 10;

/**
 * Attempts count 1, 2, 3, …: a number that is missing is a row that was deleted, and one that no run can reach is a row that
 * was edited. A `repair` row settles what was wrong before it, since its writer has looked and said what is true.
 */
export function findGaps(suspects: readonly MigrationRows[], table: string): Problem[] {
  return suspects.flatMap(({ project, version, rows }) => {
    const { open, first } = unsettled(rows);
    const wrong = faultsOf(open, first);
    if (wrong.length === 0) return [];
    const found = listFirst(
      open.map(({ id, attempt }) => `row ${id} (attempt ${attempt ?? 'NULL'})`),
      NAMED,
    );
    return [historyProblem(`${project}:${version}`, table, `${wrong.join('; ')}; found: ${found}`)];
  });
}

/** The newest row of a migration, which its witness remembers and the history does not have. */
export interface LostRow {
  readonly id: string;
  readonly project: string;
  readonly version: string;
  readonly attempt: number;
  /** Otherwise the row is there as that of another environment, migration or attempt. */
  readonly deleted: boolean;
}

/** A migration whose newest row was deleted or edited seems to be in the state before that row. */
export function findLostRows(lost: readonly LostRow[], table: string): Problem[] {
  return lost.map(({ id, project, version, attempt, deleted }) => {
    const what = deleted
      ? `row ${id} (attempt ${attempt}), its newest one, was deleted`
      : `row ${id}, its newest one, was attempt ${attempt} of it and was edited`;
    return historyProblem(`${project}:${version}`, table, what);
  });
}

/** A problem of the rows of one migration. */
export function historyProblem(id: string, table: string, what: string): Problem {
  return {
    code: 'HISTORY_CORRUPT',
    message: `${id} in ${table}: ${what}.`,
    hint: damageHint,
    where: id,
  };
}

/** What the newest `repair` row does not settle (itself, and the rows behind it), and the attempt that it begins with. */
function unsettled(rows: readonly AttemptRow[]): { open: readonly AttemptRow[]; first: number } {
  const repaired = rows.findLastIndex(
    ({ action, attempt }) => action === 'repair' && isReachable(attempt),
  );
  if (repaired === -1) return { open: rows, first: 1 };
  const first = rows[repaired]?.attempt ?? 1;
  const open = rows.slice(repaired).filter(({ attempt }) => attempt === null || attempt >= first);
  return { open, first };
}

function faultsOf(rows: readonly AttemptRow[], first: number): string[] {
  const faults: string[] = [];
  const absurd = rows.filter(({ attempt }) => !isReachable(attempt));
  if (absurd.length > 0)
    faults.push(
      `no run writes ${listFirst(
        absurd.map(({ attempt }) => `attempt ${attempt ?? 'NULL'}`),
        NAMED,
      )}`,
    );
  const attempts = rows.flatMap(({ attempt }) => (isReachable(attempt) ? [attempt] : []));
  attempts.sort((a, b) => a - b);
  const missing: string[] = [];
  let twice = false;
  let expected = first;
  for (const attempt of attempts) {
    if (attempt < expected) twice = true;
    else if (attempt > expected) missing.push(range(expected, attempt - 1));
    expected = attempt + 1;
  }
  if (missing.length > 0) faults.push(`attempt ${listFirst(missing, NAMED)} was deleted`);
  if (twice) faults.push('the same attempt stands there more than once');
  return faults;
}

function isReachable(attempt: number | null): attempt is number {
  return attempt !== null && attempt >= 1 && attempt <= HIGHEST_ATTEMPT;
}

function range(first: number, last: number): string {
  if (last - first > 2) return `${first} to ${last}`;
  return Array.from({ length: last - first + 1 }, (_, index) => first + index).join(', ');
}
