import { MigratorError } from '../errors';

/** Postgres cuts longer names silently (NAMEDATALEN - 1). */
export const MAX_IDENTIFIER_BYTES = 63;

/** Half a character: UTF-8 has none, and a driver would send the same replacement for all of them. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Quotes a name for use in SQL, whatever characters it has.
 *
 * @throws {MigratorError} `INVALID_NAME` for an empty name, one with NUL or half a character, `IDENTIFIER_TOO_LONG` past 63 bytes
 */
export function quoteIdentifier(name: string): string {
  if (name === '' || name.includes('\0') || LONE_SURROGATE.test(name)) {
    throw new MigratorError(
      'INVALID_NAME',
      `${JSON.stringify(name)} cannot be the name of anything in Postgres.`,
      { hint: 'Give a name of 1 to 63 bytes in UTF-8, without NUL characters.' },
    );
  }
  const bytes = Buffer.byteLength(name);
  if (bytes > MAX_IDENTIFIER_BYTES) {
    throw new MigratorError(
      'IDENTIFIER_TOO_LONG',
      `The name ${JSON.stringify(name)} has ${bytes} bytes; Postgres keeps ${MAX_IDENTIFIER_BYTES} and would cut it silently.`,
      { hint: 'Shorten it.' },
    );
  }
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * Quotes text as an SQL string literal, right under both settings of `standard_conforming_strings`.
 *
 * @throws {MigratorError} `INVALID_ARGUMENT` for text with a NUL character, which Postgres cannot hold
 */
export function quoteLiteral(text: string): string {
  if (text.includes('\0')) {
    throw new MigratorError(
      'INVALID_ARGUMENT',
      'Text with a NUL character cannot be sent to Postgres.',
    );
  }
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}
