import { MigratorError } from '../errors';
import type { UnendedStatement } from '../history/unfinished';
import { renderOption } from '../remedy';
import type { ProgressOf, RecordedCall } from './script-progress';
import { siteParts } from './script-site';
import type { ScriptStatement } from './script-statement';

/** Statements of one sequence that a message shows. */
const SHOWN = 20;

/** The error of a call that does not begin with what an earlier attempt has finished. */
export function scriptChanged(
  of: ProgressOf,
  recorded: readonly RecordedCall[],
  now: readonly ScriptStatement[],
): MigratorError {
  return refusal(
    'SCRIPT_CHANGED',
    of,
    [
      `A call of db.script() in ${of.id} does not continue what an earlier attempt has finished. Nothing of the call was sent.`,
      ...finishedLines(recorded),
      'This call:',
      ...numbered(now.map(({ text }) => text)),
    ],
    'Put the finished statements back as they were, in the same call, and change only what comes after them.',
  );
}

/** The error of a file that was edited after an interruption and has a script in place of the one that had begun. */
export function otherScript(
  of: ProgressOf,
  recorded: readonly RecordedCall[],
  now: readonly ScriptStatement[],
): MigratorError {
  return refusal(
    'CHECKSUM_MISMATCH',
    of,
    [
      `The file of ${of.id} was edited after it was interrupted, and a call of db.script() has none of the statements that had finished. Nothing of the call was sent.`,
      ...finishedLines(recorded),
      'This call:',
      ...numbered(now.map(({ text }) => text)),
    ],
    'Put the finished statements back as they were, in the same call, and change only what comes after them.',
  );
}

/**
 * The error of a migration that did not come back to a call whose statements had finished in part.
 *
 * @param begun the call's next statement, if it was sent and its end is not recorded
 */
export function abandonedCall(
  of: ProgressOf,
  recorded: RecordedCall,
  begun: UnendedStatement | undefined,
): MigratorError {
  const { finished, of: total } = recorded;
  return refusal(
    'SCRIPT_CHANGED',
    of,
    [
      `An earlier attempt of ${of.id} finished ${finished} of ${total} statements of a call of db.script(). This attempt did not make the call again, so ${begun ? 'nothing tells whether the others ran' : `the other ${total - finished} never ran`}.`,
      ...finishedLines([recorded]),
      ...(begun ? begunLines(begun) : []),
      MISSING,
    ],
    'Let the migration make the call again; what had finished is skipped.',
  );
}

/** The error of a migration that did not come back to a call whose first statement may have had part of its effect. */
export function abandonedBegin(of: ProgressOf, begun: UnendedStatement): MigratorError {
  return refusal(
    'SCRIPT_CHANGED',
    of,
    [
      `An earlier attempt of ${of.id} began a statement of a call of db.script() and did not record its end: it may have had part of its effect. This attempt did not make the call again.`,
      ...begunLines(begun),
      MISSING,
    ],
    'Look at the database. Let the migration make the call again, or let its condition test the finished effect (for an index: indisvalid in pg_index).',
  );
}

const MISSING = 'This attempt: the call is missing (a condition may have skipped it).';

function begunLines({ position, of, site, text }: UnendedStatement): string[] {
  return [
    `Begun earlier, end not recorded, statement ${position} of ${of} of one call${describeSite(site)}:`,
    ...cut([`${position}. ${text}`]),
  ];
}

/** The error of rows that an older version wrote: they count finished statements, but do not say which. */
export function unknownProgress(of: ProgressOf, claimed: number, known: number): MigratorError {
  return refusal(
    'SCRIPT_CHANGED',
    of,
    [
      `The history says that an earlier attempt of ${of.id} finished ${claimed} statements of db.script(), but records only ${known} of them: an older version of the migrator wrote the rows. Nothing can be compared, so nothing was sent.`,
    ],
    'Compare the database with the migration.',
  );
}

function refusal(
  code: 'SCRIPT_CHANGED' | 'CHECKSUM_MISMATCH',
  of: ProgressOf,
  lines: readonly string[],
  first: string,
): MigratorError {
  return new MigratorError(code, lines.join('\n  '), {
    hint: `${first} Or finish or undo the work yourself, then record it with the repair that is printed below: ${renderOption('mark-applied')} or ${renderOption('mark-reverted')}.`,
    where: of.path,
  });
}

function finishedLines(recorded: readonly RecordedCall[]): string[] {
  return recorded.flatMap(({ finished, of, site, statements }) => {
    const from = describeSite(site);
    return [
      `Finished earlier, ${finished} of ${of} statements of one call${from}:`,
      ...cut(statements.map(({ position, text }) => `${position}. ${text}`)),
    ];
  });
}

function describeSite(site: string): string {
  const { lines, digest, searchPath } = siteParts(site);
  const called = lines === '' ? '' : `, called on line ${lines.split('<').join(', from line ')}`;
  if (digest === '') return called;
  if (searchPath === undefined || searchPath === '') return `${called}, with other settings`;
  return `${called}, with search_path ${searchPath}`;
}

function numbered(texts: readonly string[]): string[] {
  return cut(texts.map((text, index) => `${index + 1}. ${text}`));
}

function cut(lines: readonly string[]): string[] {
  const shown = lines.slice(0, SHOWN).map((line) => `  ${line}`);
  return lines.length <= SHOWN ? shown : [...shown, `  … and ${lines.length - SHOWN} more`];
}
