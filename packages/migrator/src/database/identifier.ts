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
  refuseNul(text);
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}

/** Characters outside ASCII, by code point. */
const BEYOND_ASCII = /[^\0-\x7f]/gu;

/**
 * Quotes text as an SQL string literal with only ASCII characters. It means the same under every `client_encoding` and
 * `standard_conforming_strings`, including those that a migration has set. Half a character becomes U+FFFD, as in UTF-8.
 *
 * @throws {MigratorError} `INVALID_ARGUMENT` for text with a NUL character, which Postgres cannot hold
 */
export function quoteAscii(text: string): string {
  refuseNul(text);
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll("'", "''")
    .replace(BEYOND_ASCII, (character) => `\\U${codePoint(character).padStart(8, '0')}`);
  return `E'${escaped}'`;
}

/** A quoted identifier with only ASCII characters: `"é"` becomes `U&"\00e9"`. One that is ASCII already stays as it is. */
export function toAsciiIdentifier(quoted: string): string {
  const backslashes = quoted.replaceAll('\\', '\\\\');
  const escaped = backslashes.replace(
    BEYOND_ASCII,
    (character) => `\\+${codePoint(character).padStart(6, '0')}`,
  );
  return escaped === backslashes ? quoted : `U&${escaped}`;
}

function codePoint(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return (code >= 0xd800 && code <= 0xdfff ? 0xfffd : code).toString(16);
}

function refuseNul(text: string): void {
  if (!text.includes('\0')) return;
  throw new MigratorError(
    'INVALID_ARGUMENT',
    'Text with a NUL character cannot be sent to Postgres.',
  );
}
