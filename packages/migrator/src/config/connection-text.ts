/** Every URL, DSN and list of connection keywords holds at least one of these. Percent-encoded ones count, too. */
const SEPARATOR = /[/:@=]|%(?:2f|3a|40|3d)/i;

/**
 * Whether a text resembles a URL or connection string, and so must never become the name of a schema: a typing mistake in a
 * URL would create a schema in the wrong database. Compatibility forms of the characters (such as a full-width colon) count.
 */
export function resemblesConnection(text: string): boolean {
  return SEPARATOR.test(text.normalize('NFKC'));
}

/**
 * A name that somebody gave, in quotes, for a message. One that may hold a password is not shown.
 *
 * @returns e.g. `"acme"`, or a description of what was given instead of a name
 */
export function quoteGiven(name: string): string {
  return /@|:\/\/|=/.test(name)
    ? '(not shown: a URL or connection string, where a name is expected)'
    : JSON.stringify(name);
}
