import type { ServerNotice } from '../database/server-message';
import { findLongIdentifiers } from './long-identifiers';

/** SQLSTATE `name_too_long`. */
const NAME_TOO_LONG = '42622';

/**
 * A name that the server truncates, as an error. Shaped like an error of the server, so that it is explained with the statement and a
 * caret: see `explainFailure`.
 */
export class TruncatedIdentifier extends Error {
  override readonly name = 'TruncatedIdentifier';
  readonly code = NAME_TOO_LONG;
  /** Character of the statement, from 1, as text; `undefined` if the name is not in it. */
  readonly position: string | undefined;
  /** The functions that used the name. */
  readonly where: string | undefined;

  constructor(
    message: string,
    { position, where }: { readonly position?: string; readonly where?: string },
  ) {
    super(message);
    this.position = position;
    this.where = where;
  }
}

/**
 * The error for SQL that has a name which the server would truncate: the first that is not accepted.
 *
 * @param longest in bytes
 * @param accepts names that are meant to be truncated
 */
export function truncatedIn(
  sql: string,
  longest: number,
  accepts: (name: string) => boolean,
): TruncatedIdentifier | undefined {
  const found = findLongIdentifiers(sql, longest).find(({ name }) => !accepts(name));
  if (found === undefined) return undefined;
  const position = String([...sql.slice(0, found.at)].length + 1);
  return new TruncatedIdentifier(describeTruncation(found.name, found.bytes, longest), {
    position,
  });
}

/** One sentence without the final full stop. */
export function describeTruncation(name: string, bytes: number, longest: number): string {
  return `The name "${shortened(name)}" has ${bytes} bytes, and Postgres truncates it to ${longest}`;
}

/**
 * The error for a message of the server that says it has truncated a name. A message that a function raises with the same SQLSTATE
 * is none, and neither is a long value of the setting `application_name`.
 */
export function truncationOf(
  notice: ServerNotice,
  sql: string,
  accepts: (name: string) => boolean,
): TruncatedIdentifier | undefined {
  const { code, routine, message = '', where } = notice;
  if (code !== NAME_TOO_LONG || routine !== 'truncate_identifier') return undefined;
  if (/application_name/i.test(sql) || accepts(quotedName(message))) return undefined;
  return new TruncatedIdentifier(shortened(message), { where });
}

/** `identifier "x" will be truncated to "y"`, in any language: the first quoted part, in whatever quotes. */
function quotedName(message: string): string {
  return /["«„“](.+?)["»“”](?=[^"«„“»”]*["«„“])/s.exec(message)?.[1] ?? '';
}

/** A name may have any length. */
function shortened(text: string): string {
  return text.length <= 400 ? text : `${text.slice(0, 400)}…`;
}
